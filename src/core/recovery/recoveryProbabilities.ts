import { type Component, connectedComponents } from "./components.ts";
import { ENUMERATION_LIMIT, enumerateSurvival } from "./enumeration.ts";
import { binomial, freeNodes, joinSurvival } from "./hypergeometric.ts";
import { minimalHostSets } from "./minimalHostSets.ts";
import { proportionInterval, sampleSurvivors } from "./sampling.ts";

/** How recovery probabilities were found. All but `sampling` are exact. */
export type RecoveryMethod = "disjoint-sets" | "enumeration" | "sampling";

/** Probability of some event, with a 95 % interval when it is an estimate. */
export interface Likelihood {
  readonly probability: number;
  readonly interval?: readonly [low: number, high: number];
}

/** Recovery probability for one number of failed nodes. */
export interface FailureOutcome extends Likelihood {
  readonly failed: number;
}

/** Recovery probability P(k) for every number of failed nodes. */
export interface RecoveryProbabilities {
  readonly method: RecoveryMethod;
  /** One entry for each k = 1..nodes, in order. */
  readonly failures: readonly FailureOutcome[];
  /** Largest k whose loss is always survived; 0 when one failure can kill. */
  readonly tolerates: number;
  /** Failure orders drawn, when the method is `sampling`. */
  readonly samples?: number;
}

export interface RecoveryOptions {
  /** Failure orders to draw where no exact method is feasible. */
  readonly samples?: number;
  /** Seed of those draws. */
  readonly seed?: number;
}

/** Counts up to this are exact as doubles with room to spare, so a probability can be rounded to a whole count. */
const WHOLE_COUNT_LIMIT = 1e12;

/**
 * Probability that every expert keeps a live host when k nodes, drawn uniformly, fail (Lazarus section 4.1), for all k.
 *
 * @param hostSets host nodes of every expert of all layers together, each ascending, nodes in [0, nodes)
 * @throws RangeError when a host set is malformed or `samples` is not a positive whole number
 */
export function recoveryProbabilities(
  hostSets: readonly (readonly number[])[],
  nodes: number,
  { samples = 20_000, seed = 0 }: RecoveryOptions = {},
): RecoveryProbabilities {
  if (!Number.isSafeInteger(samples) || samples < 1)
    throw new RangeError(`samples must be a positive whole number, got ${samples}`);
  const minimal = minimalHostSets(hostSets, nodes);
  const smallest = minimal[0]?.length ?? nodes + 1;
  const tolerates = Math.max(0, smallest - 1);
  if (smallest === 0) return { method: "disjoint-sets", failures: outcomes(new Float64Array(nodes + 1)), tolerates };

  const components = connectedComponents(minimal, nodes);
  const exact = exactSurvival(components, nodes);
  if (exact) return { method: exact.method, failures: outcomes(exact.survival), tolerates };

  const survivors = sampleSurvivors(minimal, nodes, samples, seed);
  const failures = Array.from({ length: nodes }, (_, i): FailureOutcome => {
    const failed = i + 1;
    if (failed < smallest) return { failed, probability: 1 };
    // Every component needs a live node of its own.
    if (nodes - failed < components.length) return { failed, probability: 0 };
    return { failed, probability: survivors[failed]! / samples, interval: proportionInterval(survivors[failed]!, samples) };
  });
  return { method: "sampling", failures, tolerates, samples };
}

function exactSurvival(
  components: readonly Component[],
  nodes: number,
): { method: RecoveryMethod; survival: Float64Array } | undefined {
  let method: RecoveryMethod = "disjoint-sets";
  let survival = freeNodes(nodes - components.reduce((sum, component) => sum + component.nodes, 0));
  for (const component of components) {
    const { nodes: size, sets } = component;
    if (sets.length === 1) {
      survival = joinSurvival(survival, freeNodes(size).fill(0, size));
    } else if (size <= ENUMERATION_LIMIT) {
      survival = joinSurvival(survival, enumerateSurvival(sets, size));
      method = "enumeration";
    } else {
      return undefined;
    }
  }
  return { method, survival };
}

/** P(k) for k = 1..nodes; where the number of failed sets is small enough, cleared of rounding. */
function outcomes(survival: Float64Array): FailureOutcome[] {
  const nodes = survival.length - 1;
  return Array.from({ length: nodes }, (_, i) => {
    const failed = i + 1;
    const sets = binomial(nodes, failed);
    const probability = survival[failed]!;
    return { failed, probability: sets <= WHOLE_COUNT_LIMIT ? Math.round(probability * sets) / sets : probability };
  });
}
