/** Baseline of Lazarus section 6.3: replicas go round robin over the nodes. */
import type { ClusterNode } from "../layout/cluster.ts";
import { SlotTable } from "./slots.ts";

/**
 * Places replicas in expert order on one node after the other; the pointer goes on from expert to expert. It passes full nodes
 * and, while others have room, nodes with a copy on each GPU already.
 * @param replicas copies of each expert, shape [experts]; they fit into the slots
 * @returns expert in each slot, shape [nodes][slots]
 */
export function spreadPlacement(replicas: readonly number[], cluster: readonly ClusterNode[]): number[][] {
  const table = new SlotTable(cluster);
  let node = 0;
  replicas.forEach((copies, expert) => {
    const onEveryGpu = () => table.copies(node, expert) >= cluster[node]!.gpus;
    for (let copy = 0; copy < copies; copy++) {
      for (let passed = 0; passed < cluster.length && (table.free(node) === 0 || onEveryGpu()); passed++) {
        node = (node + 1) % cluster.length;
      }
      while (table.free(node) === 0) node = (node + 1) % cluster.length;
      table.add(node, expert);
      node = (node + 1) % cluster.length;
    }
  });
  return table.filled();
}
