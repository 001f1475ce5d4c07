/** How busy a plan's ranks are: what a change to it must not make worse. */

import { fitsLimit, leastMaximumLoad } from "../dispatch/leastMaximumLoad.ts";
import { type ClusterNode, gpuOfSlot, totalGpus } from "../layout/cluster.ts";
import { FREE_SLOT, type LayerPlacement, replicasByRank } from "../layout/placement.ts";
import type { Shares } from "../placement/policy.ts";

/** Sums of fractions in another order differ by rounding. */
const ROUNDING = 1 + 1e-9;

/**
 * Tests whether the busiest rank of a layer is no busier than that of a given placement of it. Experts without replicas do not
 * count.
 */
export function rankLoadLimit(
  cluster: readonly ClusterNode[],
  layer: LayerPlacement,
  shares: Shares,
): (candidate: LayerPlacement) => boolean {
  const ranks = totalGpus(cluster);
  if (shares === "free") {
    const loads = layer.loads.map((load, expert) => (layer.replicas[expert] === 0 ? 0 : load));
    const hostsOf = (of: LayerPlacement) => replicasByRank(cluster, of).map((list) => list.map(([rank]) => rank));
    const limit = leastMaximumLoad(loads, hostsOf(layer), ranks);
    return (candidate) => fitsLimit(loads, hostsOf(candidate), ranks, limit);
  }
  const limit = busiestRank(cluster, layer) * ROUNDING;
  return (candidate) => busiestRank(cluster, candidate) <= limit;
}

/** Tokens of the busiest rank when replicas share equally. */
function busiestRank(cluster: readonly ClusterNode[], { loads, replicas, nodes }: LayerPlacement): number {
  const share = Float64Array.from(loads, (load, expert) => load / replicas[expert]!);
  let most = 0;
  nodes.forEach((slots, n) => {
    const node = cluster[n]!;
    let gpu = 0;
    let load = 0;
    for (let slot = 0; slot < slots.length; slot++) {
      if (gpuOfSlot(node, slot) > gpu) {
        gpu = gpuOfSlot(node, slot);
        load = 0;
      }
      if (slots[slot] !== FREE_SLOT) load += share[slots[slot]!]!;
      if (load > most) most = load;
    }
  });
  return most;
}
