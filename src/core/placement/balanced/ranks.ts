/** The GPUs of a cluster as places for replicas. */
import { type ClusterNode, gpuOfSlot } from "../../layout/cluster.ts";
import { FREE_SLOT } from "../../layout/placement.ts";

/** One GPU: the node it belongs to and the slots it was dealt. */
export interface Rank {
  readonly node: number;
  readonly slots: number;
}

/** The GPUs of all nodes, in rank order. */
export function ranksOf(cluster: readonly ClusterNode[]): Rank[] {
  return cluster.flatMap((node, n) => {
    const slots = new Array<number>(node.gpus).fill(0);
    for (let slot = 0; slot < node.slots; slot++) slots[gpuOfSlot(node, slot)]!++;
    return slots.map((count) => ({ node: n, slots: count }));
  });
}

/**
 * Turns experts by rank into experts by slot: a node's slots are dealt to its GPUs in contiguous runs.
 * @param ranks GPUs that have slots, in rank order
 * @param held experts on each of them, no more than its slots, shape [ranks][replicas]
 * @returns expert in each slot, ascending on every GPU, free slots last, shape [nodes][slots]
 */
export function slotsOfNodes(nodes: number, ranks: readonly Rank[], held: readonly number[][]): number[][] {
  const slots: number[][] = Array.from({ length: nodes }, () => []);
  ranks.forEach(({ node, slots: own }, rank) => {
    const experts = [...held[rank]!].sort((a, b) => a - b);
    while (experts.length < own) experts.push(FREE_SLOT);
    slots[node]!.push(...experts);
  });
  return slots;
}
