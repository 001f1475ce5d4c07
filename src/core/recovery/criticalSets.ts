import type { Likelihood } from "./outcomes.ts";
import { type RecoveryOptions, recoveryProbabilities } from "./recoveryProbabilities.ts";

/** Nodes whose joint failure loses experts, while no smaller failure does. */
export interface CriticalSet {
  /** Ascending. */
  readonly nodes: readonly number[];
  /** What is lost: experts with exactly these hosts. `layer` is the place in the list of layers. */
  readonly experts: readonly { readonly layer: number; readonly expert: number }[];
}

/**
 * The smallest failed sets that kill the job, those that lose most experts first.
 * @param layers host nodes of each expert, ascending, shape [layers][experts][hosts]
 */
export function criticalSets(layers: readonly (readonly (readonly number[])[])[]): CriticalSet[] {
  const fewest = layers.flat().reduce((least, hosts) => Math.min(least, hosts.length), Infinity);
  const found = new Map<string, { nodes: readonly number[]; experts: { layer: number; expert: number }[] }>();
  layers.forEach((hostSets, layer) => {
    hostSets.forEach((nodes, expert) => {
      if (nodes.length > fewest) return;
      const known = found.get(nodes.join());
      if (known) known.experts.push({ layer, expert });
      else found.set(nodes.join(), { nodes, experts: [{ layer, expert }] });
    });
  });
  return [...found.values()].sort((a, b) => b.experts.length - a.experts.length);
}

/**
 * How much the job hangs on each node: the probability that it dies when the node fails together with others drawn uniformly.
 *
 * @param hostSets host nodes of every expert of all layers together, as `recoveryProbabilities` takes them
 * @param failed failed nodes in all, the node itself among them, in [1, nodes]
 * @returns one probability a node, shape [nodes]; an interval where it is estimated
 * @throws RangeError when a host set is malformed or `failed` is out of range
 */
export function nodeCriticality(
  hostSets: readonly (readonly number[])[],
  nodes: number,
  failed: number,
  options: RecoveryOptions = {},
): Likelihood[] {
  if (!Number.isSafeInteger(failed) || failed < 1 || failed > nodes) {
    throw new RangeError(`failed must be a whole number of 1..${nodes} nodes, got ${failed}`);
  }
  const { method } = recoveryProbabilities(hostSets, nodes, { ...options, samples: 1 });
  // What is out of reach for all nodes is not tried again for each.
  const conditional = method === "sampling" ? { ...options, effort: 0 } : options;
  return Array.from({ length: nodes }, (_, node) => {
    const left = hostSets.map((set) => set.filter((host) => host !== node).map((host) => (host > node ? host - 1 : host)));
    if (left.some((set) => set.length === 0)) return { probability: 1 };
    if (failed === 1) return { probability: 0 };
    const { probability, interval } = recoveryProbabilities(left, nodes - 1, conditional).failures[failed - 2]!;
    return interval === undefined
      ? { probability: 1 - probability }
      : { probability: 1 - probability, interval: [1 - interval[1], 1 - interval[0]] };
  });
}
