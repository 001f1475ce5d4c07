/** Which expert replicas every node holds, layer by layer. */
import { type ClusterNode, firstRanks, gpuOfSlot } from "./cluster.ts";

/** A slot that holds no replica. */
export const FREE_SLOT = -1;

/** Token counts of one MoE layer: what an allocation and a placement are made for. */
export interface LayerLoads {
  readonly layer: number;
  /** Tokens routed to each expert in the window, shape [experts], whole numbers. */
  readonly loads: readonly number[];
}

/** One MoE layer's replicas on the nodes of a cluster. */
export interface LayerPlacement extends LayerLoads {
  /** Copies of each expert, shape [experts]. */
  readonly replicas: readonly number[];
  /** Expert in each slot, shape [nodes][slots of the node]; FREE_SLOT where there is none. */
  readonly nodes: readonly (readonly number[])[];
}

/** An expert that has no slot and waits in host memory. */
export interface SpilledExpert {
  readonly layer: number;
  readonly expert: number;
  /** Nodes that keep it, ascending. */
  readonly nodes: readonly number[];
}

/** A placement of every layer on one cluster. */
export interface Placement {
  readonly cluster: readonly ClusterNode[];
  readonly layers: readonly LayerPlacement[];
  /** Experts without a slot; none where the slots hold all. */
  readonly spilled?: readonly SpilledExpert[] | undefined;
}

/** Host sets of a layer: the distinct nodes that hold each expert, ascending, shape [experts][hosts]. */
export function hostSets(layer: Pick<LayerPlacement, "loads" | "nodes">): number[][] {
  const hosts: number[][] = layer.loads.map(() => []);
  layer.nodes.forEach((slots, node) => {
    for (const expert of slots) {
      if (expert === FREE_SLOT) continue;
      const set = hosts[expert]!;
      if (set.at(-1) !== node) set.push(node);
    }
  });
  return hosts;
}

/** Nodes that hold the expert with the fewest of them; experts without a slot are not counted. */
export function fewestHosts({ loads, nodes }: Pick<LayerPlacement, "loads" | "nodes">): number {
  const hosts = new Int32Array(loads.length);
  const seenOn = new Int32Array(loads.length).fill(-1);
  nodes.forEach((slots, node) => {
    for (const expert of slots) {
      if (expert === FREE_SLOT || seenOn[expert] === node) continue;
      seenOn[expert] = node;
      hosts[expert]!++;
    }
  });
  return hosts.reduce((least, count) => (count === 0 ? least : Math.min(least, count)), nodes.length);
}

/** Host sets of all layers, in which the nodes that keep a spilled expert in host memory count as its hosts. */
export function allHostSets({ layers, spilled = [] }: Placement): number[][][] {
  return layers.map((layer) => {
    const hosts = hostSets(layer);
    for (const kept of spilled) if (kept.layer === layer.layer) hosts[kept.expert] = [...kept.nodes];
    return hosts;
  });
}

/** Copies of each expert counted from the slots, shape [experts]. */
export function countReplicas(experts: number, nodes: readonly (readonly number[])[]): number[] {
  const replicas = new Array<number>(experts).fill(0);
  for (const slots of nodes) for (const expert of slots) if (expert !== FREE_SLOT) replicas[expert]! += 1;
  return replicas;
}

/**
 * Replicas of each expert on each rank: per expert a list of [rank, copies], ranks ascending. A spilled expert is computed by
 * the first live rank of each node that keeps it.
 */
export function replicasByRank(
  cluster: readonly ClusterNode[],
  layer: LayerPlacement,
  spilled: readonly SpilledExpert[] = [],
): [rank: number, copies: number][][] {
  const first = firstRanks(cluster);
  const byExpert: [number, number][][] = layer.loads.map(() => []);
  layer.nodes.forEach((slots, n) => {
    const node = cluster[n]!;
    slots.forEach((expert, slot) => {
      if (expert === FREE_SLOT) return;
      const rank = first[n]! + gpuOfSlot(node, slot);
      const list = byExpert[expert]!;
      const last = list.at(-1);
      if (last?.[0] === rank) last[1]++;
      else list.push([rank, 1]);
    });
  });
  for (const kept of spilled) {
    if (kept.layer === layer.layer)
      byExpert[kept.expert] = kept.nodes.map((node) => [first[node]! + gpuOfSlot(cluster[node]!, 0), 1]);
  }
  return byExpert;
}
