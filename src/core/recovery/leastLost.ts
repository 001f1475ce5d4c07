/** What no placement can save. */
import { freeRecoveryUpperBound } from "./freeRecoveryUpperBound.ts";
import { survivalProbability } from "./survivalProbability.ts";

/**
 * Lower bound on the probability that a job is lost when nodes fail independently of each other, whatever the placement. Summed over
 * the failures, not as 1 less a survival, so that tiny losses keep their digits.
 * @param experts experts of a layer (of the largest layer, for several)
 * @param slots slots of each node, shape [nodes]
 * @param probability that a node fails, in [0, 1]
 * @param effort as `freeRecoveryUpperBound` takes it
 * @throws RangeError when a count is not a positive whole number or the probability is outside [0, 1]
 */
export function leastLost(experts: number, slots: readonly number[], probability: number, effort?: number): number {
  const bound = freeRecoveryUpperBound(experts, slots, effort);
  const failures = bound.map((most, k) => ({ failed: k + 1, probability: 1 - most }));
  const nothingFails = (1 - probability) ** slots.length;
  return Math.max(0, survivalProbability({ failures }, probability).probability - nothingFails);
}
