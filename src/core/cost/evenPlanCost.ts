/** Cost of a plan when the dispatcher gives every replica of an expert the same share (Lazarus, Algorithm 1). */
import type { ClusterNode } from "../layout/cluster.ts";
import { gpuOfSlot, totalGpus } from "../layout/cluster.ts";
import { FREE_SLOT, hostSets, type LayerPlacement } from "../layout/placement.ts";

/** What a layer asks of the busiest rank, in units of a rank's mean tokens. */
export interface LayerCost {
  /** Tokens that the busiest rank computes. */
  readonly compute: number;
  /** Most tokens that a rank sends or receives. */
  readonly traffic: number;
}

/** Costs one layer of a plan under any loads, shape [experts]; only their ratios matter. */
export type LayerCosting = (loads: readonly number[]) => LayerCost;

/** Prepares a layer for costing with equal shares for all replicas and local priority, when all ranks route alike. */
export function evenLayerCosting(cluster: readonly ClusterNode[], layer: LayerPlacement): LayerCosting {
  const ranks = totalGpus(cluster);
  const { expert, rank, weight } = shares(cluster, layer, ranks);
  const load = new Float64Array(ranks);
  const local = new Float64Array(ranks);
  return (loads) => {
    let tokens = 0;
    for (const count of loads) tokens += count;
    load.fill(0);
    local.fill(0);
    for (let i = 0; i < expert.length; i++) {
      const j = rank[i]!;
      const routed = loads[expert[i]!]! / tokens;
      const capacity = weight[i]! * routed;
      load[j]! += capacity;
      local[j]! += Math.min(capacity, routed);
    }
    let compute = 0;
    let traffic = 0;
    for (let j = 0; j < ranks; j++) {
      const kept = local[j]!;
      compute = Math.max(compute, load[j]!);
      traffic = Math.max(traffic, 1 - kept, load[j]! - kept);
    }
    return { compute, traffic };
  };
}

/**
 * One entry an expert and rank that holds it, by expert, then rank; `weight` is what the rank takes of the expert, in rank means for
 * a load of 1.
 */
function shares(cluster: readonly ClusterNode[], { replicas, nodes }: LayerPlacement, ranks: number) {
  // Room for all copies of an expert; where several share a rank, entries stay without weight.
  const end = new Int32Array(replicas.length);
  let entries = 0;
  replicas.forEach((copies, e) => {
    end[e] = entries;
    entries += copies;
  });
  const begin = end.slice();
  const expert = new Int32Array(entries);
  const rank = new Int32Array(entries);
  const weight = new Float64Array(entries);
  let first = 0;
  nodes.forEach((slots, n) => {
    const node = cluster[n]!;
    for (let slot = 0; slot < slots.length; slot++) {
      const e = slots[slot]!;
      if (e === FREE_SLOT) continue;
      const j = first + gpuOfSlot(node, slot);
      const next = end[e]!;
      const at = next > begin[e]! && rank[next - 1] === j ? next - 1 : next;
      if (at === next) end[e] = next + 1;
      expert[at] = e;
      rank[at] = j;
      weight[at]! += 1;
    }
    first += node.gpus;
  });
  for (let i = 0; i < entries; i++) {
    weight[i] = (weight[i]! * ranks) / replicas[expert[i]!]!;
  }
  return { expert, rank, weight };
}

/** Gradient synchronisation of the busiest node: (hosts - 1) / hosts over its experts, summed over the layers. */
export function syncCost(layers: readonly LayerPlacement[]): number {
  const times = new Map<LayerPlacement, number>();
  for (const layer of layers) times.set(layer, (times.get(layer) ?? 0) + 1);
  const sync = new Float64Array(layers[0]?.nodes.length ?? 0);
  for (const [layer, count] of times) {
    for (const hosts of hostSets(layer)) {
      for (const node of hosts) sync[node]! += (count * (hosts.length - 1)) / hosts.length;
    }
  }
  return sync.reduce((most, sum) => Math.max(most, sum), 0);
}
