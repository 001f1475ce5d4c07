import {
  balancedDispatch,
  type DispatchSummary,
  evenRouting,
  type LayerDispatch,
  replicasByRank,
  summarizeDispatch,
  totalGpus,
} from "lazarus-moe";
import { checkPlacementOrRecovery, placementOf } from "lazarus-moe/formats";

/** A placement to what each layer's dispatch comes to. */
export function dispatch(plan: string): DispatchSummary[] {
  const { cluster, layers } = placementOf(checkPlacementOrRecovery(JSON.parse(plan), "placement.json"));
  return layers.map((layer) => {
    const routing = evenRouting(layer.loads, totalGpus(cluster));
    const found: LayerDispatch = balancedDispatch(routing, replicasByRank(cluster, layer));
    return summarizeDispatch(found, routing);
  });
}
