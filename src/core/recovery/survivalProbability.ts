import type { Likelihood, RecoveryProbabilities } from "./outcomes.ts";

/**
 * Probability that every expert keeps a live host when each node fails independently with the same probability:
 * `sum over k of C(N, k) p^k (1 - p)^(N - k) P(k)`.
 *
 * From estimates of P(k) comes an estimate. Its interval mixes the intervals of the P(k) in the same way, which is at least as wide as
 * a 95 % interval has to be, since the standard deviation of a sum is at most the sum of the standard deviations.
 *
 * @param failureProbability of one node (of one domain, when `recovery` counts failed domains), in [0, 1]
 * @throws RangeError when the failure probability is outside [0, 1]
 */
export function survivalProbability(
  { failures }: Pick<RecoveryProbabilities, "failures">,
  failureProbability: number,
): Likelihood {
  if (!(failureProbability >= 0 && failureProbability <= 1)) {
    throw new RangeError(`a failure probability must lie in [0, 1], got ${failureProbability}`);
  }
  const weights = binomialWeights(failures.length, failureProbability);
  let probability = weights[0]!;
  let [low, high] = [weights[0]!, weights[0]!];
  for (const { failed, probability: recovers, interval = [recovers, recovers] } of failures) {
    probability += weights[failed]! * recovers;
    low += weights[failed]! * interval[0];
    high += weights[failed]! * interval[1];
  }
  // The weights sum to 1 but for rounding.
  probability = Math.min(1, probability);
  const sampled = failures.some(({ interval }) => interval !== undefined);
  return sampled ? { probability, interval: [Math.min(1, low), Math.min(1, high)] } : { probability };
}

/** Binomial probabilities of k = 0..trials, built outwards from the mode and normalised, so that no term overflows. */
function binomialWeights(trials: number, p: number): Float64Array {
  const weights = new Float64Array(trials + 1);
  const mode = Math.min(trials, Math.floor((trials + 1) * p));
  weights[mode] = 1;
  const odds = p / (1 - p);
  for (let k = mode; k < trials; k++) weights[k + 1] = weights[k]! * ((trials - k) / (k + 1)) * odds;
  for (let k = mode; k > 0; k--) weights[k - 1] = (weights[k]! * (k / (trials - k + 1))) / odds;
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}
