/** The paper's placement: maximum rank overlap (Lazarus section 4.1, Theorem 1). */
import type { ClusterNode } from "../layout/cluster.ts";
import { SlotTable } from "./slots.ts";

/**
 * Places a layer's replicas by maximum rank overlap.
 *
 * 1. Experts by replica count, ascending, are cut into groups as large as a node.
 * 2. A group takes the next nodes, as many as its first expert has replicas; the last group makes do with what is left.
 * 3. Every node of a group holds all experts of the group.
 * 4. Replicas left over fill the free slots, on nodes that do not hold the expert yet where possible, else on nodes with a GPU that
 *    does not; the roomiest first.
 *
 * As Eq. 1 fixes the counts, a hot expert may have more copies than there are GPUs for it. Those beyond stand twice on a GPU, where they
 * are of no use but belong to the paper's plan; only `resilient` and `balanced`, which choose the counts, never waste a slot.
 * Nodes may differ in slots: they are taken in order of size and a group is as large as the smallest of its nodes.
 * @param replicas copies of each expert, shape [experts]
 * @returns expert in each slot, shape [nodes][slots]
 */
export function mroPlacement(replicas: readonly number[], cluster: readonly ClusterNode[]): number[][] {
  const table = new SlotTable(cluster);
  const left = [...replicas];
  const ascending = replicas.map((_, expert) => expert).sort((a, b) => replicas[a]! - replicas[b]! || a - b);
  const bySize = cluster.map((_, node) => node).sort((a, b) => slotsOf(cluster, b) - slotsOf(cluster, a) || a - b);

  for (let first = 0, taken = 0; first < ascending.length && taken < bySize.length; ) {
    const hosts = bySize.slice(taken, taken + replicas[ascending[first]!]!);
    const group = ascending.slice(first, first + slotsOf(cluster, hosts.at(-1)!));
    for (const node of hosts) for (const expert of group) place(table, left, node, expert);
    first += group.length;
    taken += hosts.length;
  }

  // Copies of an expert that a node may have: one at first, then as many as it has GPUs, then any number.
  const limits = [() => 1, (node: number) => cluster[node]!.gpus, () => Number.POSITIVE_INFINITY];
  for (const expert of ascending) {
    for (const limit of limits) {
      // The roomiest nodes take a copy each, and again as long as there are any. For a first copy all nodes line up at once.
      for (let placed = true; placed && left[expert]! > 0; ) {
        placed = false;
        let room = 0;
        for (const node of table.roomiestFirst()) {
          if (left[expert]! === 0 || (placed && limit !== limits[0] && table.free(node) < room)) break;
          if (table.copies(node, expert) >= limit(node)) continue;
          room = table.free(node);
          place(table, left, node, expert);
          placed = true;
        }
      }
    }
  }
  return table.filled();
}

function place(table: SlotTable, left: number[], node: number, expert: number): void {
  table.add(node, expert);
  left[expert] = left[expert]! - 1;
}

function slotsOf(cluster: readonly ClusterNode[], node: number): number {
  return cluster[node]!.slots;
}
