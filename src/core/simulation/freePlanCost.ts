/** Cost of a plan under balanced dispatch: the least possible load of the busiest rank, then the least traffic. */
import type { ClusterNode } from "../cluster.ts";
import { totalGpus } from "../cluster.ts";
import { balancedDispatch } from "../dispatch/balancedDispatch.ts";
import { rankGroups } from "../dispatch/rankGroups.ts";
import { evenRouting } from "../dispatch/routing.ts";
import { type LayerPlacement, replicasByRank } from "../placement.ts";
import type { LayerCosting } from "./evenPlanCost.ts";

/** Prepares a layer for costing with the shares that balanced dispatch chooses, when all ranks route alike. */
export function freeLayerCosting(cluster: readonly ClusterNode[], layer: LayerPlacement): LayerCosting {
  const ranks = totalGpus(cluster);
  const levels = rankGroups(cluster);
  const replicas = replicasByRank(cluster, layer);
  return (loads) => {
    const mean = loads.reduce((sum, tokens) => sum + tokens, 0) / ranks;
    const { source, target, tokens } = balancedDispatch(evenRouting(loads, ranks), replicas, levels);
    const load = new Float64Array(ranks);
    const received = new Float64Array(ranks);
    const sent = new Float64Array(ranks);
    tokens.forEach((count, i) => {
      const from = source[i] as number;
      const to = target[i] as number;
      load[to] = (load[to] as number) + count;
      if (from === to) return;
      sent[from] = (sent[from] as number) + count;
      received[to] = (received[to] as number) + count;
    });
    return { compute: most(load) / mean, traffic: Math.max(most(sent), most(received)) / mean };
  };
}

function most(tokens: Float64Array): number {
  return tokens.reduce((max, count) => Math.max(max, count), 0);
}
