import { balancedDispatch, evenRouting, type LayerDispatch, rankGroups, replicasByRank, totalGpus } from "lazarus-moe";
import { checkPlacementOrRecovery, placementOf } from "lazarus-moe/formats";

/** A placement to how many tokens of which expert each rank sends to which: rows of expert, source, target and tokens for each layer. */
export function dispatch(plan: string): number[][][] {
  const { cluster, layers } = placementOf(checkPlacementOrRecovery(JSON.parse(plan), "placement.json"));
  return layers.map((layer) => {
    const routing = evenRouting(layer.loads, totalGpus(cluster));
    const found: LayerDispatch = balancedDispatch(routing, replicasByRank(cluster, layer), rankGroups(cluster));
    return Array.from(found.tokens, (tokens, i) => [found.expert[i] ?? 0, found.source[i] ?? 0, found.target[i] ?? 0, tokens]);
  });
}
