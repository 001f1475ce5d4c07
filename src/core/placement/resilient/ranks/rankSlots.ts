/** The slots of all ranks, one after the other. */
import { type ClusterNode, gpuOfSlot } from "../../../layout/cluster.ts";

/** Slots in the order of nodes, then of GPUs. */
export interface RankSlots {
  /** Node of each rank, shape [ranks]. */
  readonly nodeOfRank: Int32Array;
  /** First slot of each rank, shape [ranks + 1]. */
  readonly firstSlot: Int32Array;
  /** Rank of each slot, shape [slots]. */
  readonly rankOfSlot: Int32Array;
  /** First rank of each node, shape [nodes + 1]. */
  readonly firstRank: Int32Array;
}

/** The slots of a cluster. */
export function rankSlots(cluster: readonly ClusterNode[]): RankSlots {
  const nodeOfRank: number[] = [];
  const firstSlot: number[] = [];
  const rankOfSlot: number[] = [];
  const firstRank: number[] = [];
  cluster.forEach((node, n) => {
    const first = nodeOfRank.length;
    firstRank.push(first);
    const before = rankOfSlot.length;
    for (let slot = 0; slot < node.slots; slot++) rankOfSlot.push(first + gpuOfSlot(node, slot));
    let next = before;
    for (let gpu = 0; gpu < node.gpus; gpu++) {
      nodeOfRank.push(n);
      firstSlot.push(next);
      while (next < rankOfSlot.length && rankOfSlot[next] === first + gpu) next++;
    }
  });
  firstSlot.push(rankOfSlot.length);
  firstRank.push(nodeOfRank.length);
  return {
    nodeOfRank: Int32Array.from(nodeOfRank),
    firstSlot: Int32Array.from(firstSlot),
    rankOfSlot: Int32Array.from(rankOfSlot),
    firstRank: Int32Array.from(firstRank),
  };
}
