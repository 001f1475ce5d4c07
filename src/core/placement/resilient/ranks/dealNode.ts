/** Deals the experts of one node to its ranks. */
import type { RankTable } from "./rankTable.ts";

/**
 * Deals experts, those with most tokens first, in turns there and back over the ranks of a node.
 * @param turn which of the nodes that hold the same experts this is: each deals another way, so that no two ranks share all of theirs
 */
export function dealNode(table: RankTable, node: number, experts: readonly number[], turn: number): void {
  const { firstRank, firstSlot } = table.slots;
  const ranks: number[] = [];
  for (let rank = firstRank[node]!; rank < firstRank[node + 1]!; rank++) ranks.push(rank);
  const used = new Int32Array(ranks.length);
  let dealt = 0;
  for (let round = 0; dealt < experts.length; round++) {
    const shift = (turn * round) % ranks.length;
    for (let i = 0; i < ranks.length && dealt < experts.length; i++) {
      const at = ((round % 2 === 0 ? i : ranks.length - 1 - i) + shift) % ranks.length;
      const rank = ranks[at]!;
      const slot = firstSlot[rank]! + used[at]!;
      if (slot === firstSlot[rank + 1]!) continue;
      used[at]!++;
      table.put(experts[dealt++]!, slot);
      table.settleHost(slot);
    }
  }
}
