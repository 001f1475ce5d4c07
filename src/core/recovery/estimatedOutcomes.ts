import { connectedComponents } from "./components.ts";
import type { FailureOutcome, Likelihood } from "./outcomes.ts";
import { recoveryBounds } from "./recoveryBounds.ts";
import { proportionInterval } from "./sampling.ts";

/** Bounds that differ by no more than this differ by rounding. */
const ROUNDING = 1e-14;

/**
 * Recovery probabilities from sampled failure orders, with 95 % intervals, narrowed by what is certain.
 * @param survivors orders that survive the first k failures, shape [nodes + 1]
 * @param sets minimal host sets, smallest first and none of them empty, over nodes 0..nodes-1
 * @param samples orders drawn
 * @returns one entry for each k = 1..nodes
 */
export function estimatedOutcomes(
  survivors: Float64Array,
  sets: readonly (readonly number[])[],
  nodes: number,
  samples: number,
): FailureOutcome[] {
  const components = connectedComponents(sets, nodes).length;
  const bounds = recoveryBounds(sets, nodes);
  return Array.from({ length: nodes }, (_, i) => {
    const failed = i + 1;
    // Every component needs a live node of its own.
    if (nodes - failed < components) return { failed, probability: 0 };
    return { failed, ...estimate(survivors[failed]!, samples, bounds.least[failed]!, bounds.most[failed]!) };
  });
}

/** A sampled proportion and its 95 % interval, narrowed to what is certain; when the two exclude each other, what is certain. */
function estimate(survivors: number, samples: number, least: number, most: number): Likelihood {
  if (most - least <= ROUNDING) return { probability: most };
  const [low, high] = proportionInterval(survivors, samples);
  const compatible = low <= most && high >= least;
  return {
    probability: Math.min(most, Math.max(least, survivors / samples)),
    interval: compatible ? [Math.max(low, least), Math.min(high, most)] : [least, most],
  };
}
