/** What a placement asks of the busiest rank and node in every step: compute, traffic and synchronisation. */
import { totalGpus } from "../cluster.ts";
import { balancedShares } from "../dispatch/balancedShares.ts";
import { evenRouting } from "../dispatch/routing.ts";
import { type LayerPlacement, type Placement, replicasByRank } from "../placement.ts";
import { costedLayer, evenLayerCost, type LayerCost, syncCost } from "../simulation/evenPlanCost.ts";
import type { PlanCost } from "../simulation/stepCost.ts";

/**
 * Cost of a placement when all ranks route alike.
 *
 * - compute: tokens of the busiest rank, summed over the layers, in units of a rank's mean tokens;
 * - traffic: the most tokens that a rank sends or receives, likewise;
 * - sync: (hosts - 1) / hosts over the experts of the busiest node, summed over the layers.
 * @param shares how an expert's tokens go to its replicas: `even` as in Lazarus' Algorithm 1 after local priority (closed form); `free`
 *   with the least possible load of the busiest rank, then the fewest tokens that leave their rank in total (exact; the rank that
 *   sends or receives most is not minimised for itself)
 * @throws RangeError when an expert with tokens has no replica
 */
export function planCost({ cluster, layers }: Placement, shares: "even" | "free"): PlanCost {
  const layerCost = { even: evenCost, free: freeCost }[shares];
  let compute = 0;
  let traffic = 0;
  for (const layer of layers) {
    const cost = layerCost(cluster, layer);
    compute += cost.compute;
    traffic += cost.traffic;
  }
  return { compute, traffic, sync: syncCost(layers) };
}

function evenCost(cluster: Placement["cluster"], layer: LayerPlacement): LayerCost {
  if (layer.loads.every((load) => load === 0)) return { compute: 1, traffic: 0 };
  return evenLayerCost(costedLayer(cluster, layer), layer.loads);
}

function freeCost(cluster: Placement["cluster"], layer: LayerPlacement): LayerCost {
  const ranks = totalGpus(cluster);
  const total = layer.loads.reduce((sum, load) => sum + load, 0);
  if (total === 0) return { compute: 1, traffic: 0 };
  // Each expert's tokens in multiples of the ranks: then the sources are exactly even, and rounding is out of sight.
  const scale = total * ranks * ranks < Number.MAX_SAFE_INTEGER ? ranks : 1;
  const loads = layer.loads.map((load) => load * scale);
  const routing = evenRouting(loads, ranks);
  const each = Int32Array.from({ length: ranks }, (_, rank) => rank);
  const { hosts, tokens } = balancedShares(routing, replicasByRank(cluster, layer), [each], 0);
  const load = new Float64Array(ranks);
  const local = new Float64Array(ranks);
  hosts.forEach((set, expert) => {
    set.forEach((rank, host) => {
      const computed = tokens[expert]![host]!;
      load[rank]! += computed;
      local[rank]! += Math.min(computed, routing.tokens[expert * ranks + rank]!);
    });
  });
  const mean = (total * scale) / ranks;
  let compute = 0;
  let traffic = 0;
  for (let rank = 0; rank < ranks; rank++) {
    compute = Math.max(compute, load[rank]! / mean);
    traffic = Math.max(traffic, 1 - local[rank]! / mean, (load[rank]! - local[rank]!) / mean);
  }
  return { compute, traffic };
}
