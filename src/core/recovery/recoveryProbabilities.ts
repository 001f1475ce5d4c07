import { type Component, connectedComponents } from "./components.ts";
import { diagramSurvival } from "./decisionDiagram.ts";
import { ENUMERATION_LIMIT, enumerateSurvival } from "./enumeration.ts";
import { estimatedOutcomes } from "./estimatedOutcomes.ts";
import { binomial, freeNodes, joinSurvival } from "./hypergeometric.ts";
import { minimalHostSets } from "./minimalHostSets.ts";
import type { FailureOutcome, RecoveryMethod, RecoveryProbabilities } from "./outcomes.ts";
import { sampleSurvivors } from "./sampling.ts";

export interface RecoveryOptions {
  /**
   * Steps to spend on a decision diagram before sampling instead; some ten million take a second, 0 spends none. By default two
   * million, and fewer where hundreds of nodes have many host sets each, whose diagrams are out of reach.
   */
  readonly effort?: number;
  /** Failure orders to draw where no exact method is feasible; by default 20,000, on large problems down to 2,000. */
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
  { effort, samples, seed = 0 }: RecoveryOptions = {},
): RecoveryProbabilities {
  if (samples !== undefined && (!Number.isSafeInteger(samples) || samples < 1)) {
    throw new RangeError(`samples must be a positive whole number, got ${samples}`);
  }
  const minimal = minimalHostSets(hostSets, nodes);
  const smallest = minimal[0]?.length ?? nodes + 1;
  const tolerates = Math.max(0, smallest - 1);
  if (smallest === 0) return { method: "disjoint-sets", failures: outcomes(new Float64Array(nodes + 1), tolerates), tolerates };

  const components = connectedComponents(minimal, nodes);
  const exact = exactSurvival(components, nodes, effort);
  if (exact) return { method: exact.method, failures: outcomes(exact.survival, tolerates), tolerates };

  const drawn = samples ?? affordableSamples(minimal, nodes);
  const survivors = sampleSurvivors(minimal, nodes, drawn, seed);
  const failures = estimatedOutcomes(survivors, minimal, nodes, drawn);
  return { method: "sampling", failures, tolerates, samples: drawn, seed };
}

function usualEffort(sets: readonly (readonly number[])[], nodes: number): number {
  const setsOfNode = hostsOf(sets) / nodes;
  return 2_000_000 * (nodes > 100 ? Math.min(1, 3 / setsOfNode) : 1);
}

/** Samples of less than a second's work in all, within limits. */
function affordableSamples(sets: readonly (readonly number[])[], nodes: number): number {
  return Math.min(20_000, Math.max(2_000, Math.floor(1e8 / (nodes + hostsOf(sets)))));
}

function hostsOf(sets: readonly (readonly number[])[]): number {
  return sets.reduce((sum, set) => sum + set.length, 0);
}

function exactSurvival(
  components: readonly Component[],
  nodes: number,
  effort: number | undefined,
): { method: RecoveryMethod; survival: Float64Array } | undefined {
  let method: RecoveryMethod = "disjoint-sets";
  let survival = freeNodes(nodes - components.reduce((sum, component) => sum + component.nodes, 0));
  for (const component of components) {
    const { nodes: size, sets } = component;
    if (sets.length === 1) {
      survival = joinSurvival(survival, freeNodes(size).fill(0, size));
    } else if (size <= ENUMERATION_LIMIT) {
      survival = joinSurvival(survival, enumerateSurvival(sets, size));
      if (method === "disjoint-sets") method = "enumeration";
    } else {
      const part = diagramSurvival(sets, size, effort ?? usualEffort(sets, size));
      if (part === undefined) return undefined;
      survival = joinSurvival(survival, part);
      method = "decision-diagram";
    }
  }
  return { method, survival };
}

/** P(k) for k = 1..nodes, cleared of rounding where it is known to be 1, or the number of failed sets is small enough. */
function outcomes(survival: Float64Array, tolerates: number): FailureOutcome[] {
  const nodes = survival.length - 1;
  return Array.from({ length: nodes }, (_, i) => {
    const failed = i + 1;
    const sets = binomial(nodes, failed);
    const probability = failed <= tolerates ? 1 : Math.min(1, survival[failed]!);
    return { failed, probability: sets <= WHOLE_COUNT_LIMIT ? Math.round(probability * sets) / sets : probability };
  });
}
