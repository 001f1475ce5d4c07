/** What a placement asks of the busiest rank and node in every step: compute, traffic and synchronisation. */
import { checkChoice } from "../algorithms/checkChoice.ts";
import type { Placement } from "../layout/placement.ts";
import { evenLayerCosting, syncCost } from "./evenPlanCost.ts";
import { freeLayerCosting } from "./freePlanCost.ts";
import type { PlanCost } from "./stepCost.ts";

const costings = { even: evenLayerCosting, free: freeLayerCosting };

/**
 * Cost of a placement under the loads it was made for, when all ranks route alike.
 *
 * - compute: tokens of the busiest rank, summed over the layers, in units of a rank's mean tokens;
 * - traffic: the most tokens that a rank sends or receives, likewise;
 * - sync: (hosts - 1) / hosts over the experts of the busiest node, summed over the layers.
 * @param shares how an expert's tokens go to its replicas: `even` as in Lazarus' Algorithm 1 (closed form); `free` with the least
 *   possible load of the busiest rank, then the fewest tokens that leave their rank in total (exact; the traffic of the one rank
 *   that sends or receives most is not minimised for itself)
 * @throws RangeError when an expert with tokens has no replica
 */
export function planCost({ cluster, layers }: Pick<Placement, "cluster" | "layers">, shares: keyof typeof costings): PlanCost {
  checkChoice("shares", shares ?? null, Object.keys(costings));
  const costing = costings[shares];
  let compute = 0;
  let traffic = 0;
  for (const layer of layers) {
    const tokens = layer.loads.reduce((sum, load) => sum + load, 0);
    // A layer without tokens has no busiest rank; it costs what even loads would.
    const cost = tokens === 0 ? { compute: 1, traffic: 0 } : costing(cluster, layer)(layer.loads);
    compute += cost.compute;
    traffic += cost.traffic;
  }
  return { compute, traffic, sync: syncCost(layers) };
}
