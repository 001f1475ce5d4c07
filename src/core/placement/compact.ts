/** Baseline of Lazarus section 6.3: every expert on as few nodes as possible. */
import type { ClusterNode } from "../layout/cluster.ts";
import { SlotTable } from "./slots.ts";

/**
 * Fills node after node with replicas in expert order.
 * @param replicas copies of each expert, shape [experts]; they fit into the slots
 * @returns expert in each slot, shape [nodes][slots]
 */
export function compactPlacement(replicas: readonly number[], cluster: readonly ClusterNode[]): number[][] {
  const table = new SlotTable(cluster);
  let node = 0;
  replicas.forEach((copies, expert) => {
    for (let copy = 0; copy < copies; copy++) {
      while (table.free(node) === 0) node++;
      table.add(node, expert);
    }
  });
  return table.filled();
}
