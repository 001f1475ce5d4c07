/** Cost of a plan when the dispatcher gives every replica of an expert the same share (Lazarus, Algorithm 1). */
import type { ClusterNode } from "../cluster.ts";
import { totalGpus } from "../cluster.ts";
import { hostSets, type LayerPlacement, replicasByRank } from "../placement.ts";

/** One layer of a plan, ready to be costed again and again. */
export interface CostedLayer {
  readonly ranks: number;
  /** Copies of each expert in the layer, shape [experts]. */
  readonly replicas: readonly number[];
  /** Copies of an expert on a rank: three arrays of equal length. */
  readonly expert: Int32Array;
  readonly rank: Int32Array;
  readonly copies: Int32Array;
}

/** Flattens a layer's replicas for costing. */
export function costedLayer(cluster: readonly ClusterNode[], layer: LayerPlacement): CostedLayer {
  const entries = replicasByRank(cluster, layer).flatMap((list, expert) =>
    list.map(([rank, copies]) => [expert, rank, copies] as const),
  );
  return {
    ranks: totalGpus(cluster),
    replicas: layer.replicas,
    expert: Int32Array.from(entries, ([expert]) => expert),
    rank: Int32Array.from(entries, ([, rank]) => rank),
    copies: Int32Array.from(entries, ([, , copies]) => copies),
  };
}

/** What a layer asks of the busiest rank, in units of a rank's mean tokens. */
export interface LayerCost {
  readonly compute: number;
  readonly traffic: number;
}

/**
 * Busiest rank's tokens, and the most tokens that a rank sends or receives after local priority, when all ranks route alike.
 * @param loads tokens of each expert, shape [experts]; only their ratios matter
 */
export function evenLayerCost(layer: CostedLayer, loads: readonly number[]): LayerCost {
  const { ranks, expert, rank, copies } = layer;
  let tokens = 0;
  for (const load of loads) tokens += load;
  const load = new Float64Array(ranks);
  const local = new Float64Array(ranks);
  for (let i = 0; i < expert.length; i++) {
    const e = expert[i] as number;
    const j = rank[i] as number;
    const share = (loads[e] as number) / tokens;
    const capacity = ((copies[i] as number) * ranks * share) / (layer.replicas[e] as number);
    load[j] = (load[j] as number) + capacity;
    local[j] = (local[j] as number) + Math.min(capacity, share);
  }
  let compute = 0;
  let traffic = 0;
  for (let j = 0; j < ranks; j++) {
    const kept = local[j] as number;
    compute = Math.max(compute, load[j] as number);
    traffic = Math.max(traffic, 1 - kept, (load[j] as number) - kept);
  }
  return { compute, traffic };
}

/** Gradient synchronisation of the busiest node: (hosts - 1) / hosts over its experts, summed over the layers. */
export function syncCost(layers: readonly LayerPlacement[]): number {
  const times = new Map<LayerPlacement, number>();
  for (const layer of layers) times.set(layer, (times.get(layer) ?? 0) + 1);
  const sync = new Float64Array(layers[0]?.nodes.length ?? 0);
  for (const [layer, count] of times) {
    for (const hosts of hostSets(layer)) {
      for (const node of hosts) sync[node] = (sync[node] as number) + (count * (hosts.length - 1)) / hosts.length;
    }
  }
  return sync.reduce((most, sum) => Math.max(most, sum), 0);
}
