/** Further copies of hot experts in the slots that host sets leave. */
import { FREE_SLOT } from "../../../layout/placement.ts";
import type { RankTable, Shares } from "./rankTable.ts";

/** Fills the slots left: as long as that helps, from the busiest rank to the least busy one that has room. */
export function addFurtherCopies(table: RankTable, shares: Shares): void {
  const { firstSlot, rankOfSlot } = table.slots;
  const free = new Map<number, number[]>();
  for (const slot of [...table.further].sort((a, b) => a - b)) {
    const rank = rankOfSlot[slot]!;
    free.set(rank, [...(free.get(rank) ?? []), slot]);
  }
  while (free.size > 0) {
    const added = shares === "free" ? busiestExpert(table) : -1;
    const placed = (added >= 0 && place(table, free, added)) || placeHottest(table, free);
    if (!placed) return;
  }
  function busiestExpert(t: RankTable): number {
    let busiest = 0;
    for (let rank = 1; rank < t.rankLoad.length; rank++) if (t.rankLoad[rank]! > t.rankLoad[busiest]!) busiest = rank;
    if (t.rankLoad[busiest]! < 1.001 * t.mean) return -1;
    let most = -1;
    for (let slot = firstSlot[busiest]!; slot < firstSlot[busiest + 1]!; slot++) {
      const expert = t.expertAt[slot]!;
      if (
        expert !== FREE_SLOT &&
        (most < 0 || t.loads[expert]! / t.copies[expert]!.length > t.loads[most]! / t.copies[most]!.length)
      )
        most = expert;
    }
    return most;
  }
}

/** Gives a copy to the expert with most tokens a copy that a free rank does not hold yet. */
function placeHottest(table: RankTable, free: Map<number, number[]>): boolean {
  const { loads, copies } = table;
  const cannot = new Set<number>();
  while (cannot.size < loads.length) {
    let hottest = -1;
    let most = -1;
    for (let expert = 0; expert < loads.length; expert++) {
      const each = loads[expert]! / copies[expert]!.length;
      if (each > most && !cannot.has(expert)) {
        most = each;
        hottest = expert;
      }
    }
    if (place(table, free, hottest)) return true;
    cannot.add(hottest);
  }
  return false;
}

/** Gives an expert a copy on the least loaded rank that has room and does not hold it. */
function place(table: RankTable, free: Map<number, number[]>, expert: number): boolean {
  let best = -1;
  for (const rank of free.keys()) {
    if ((best < 0 || table.rankLoad[rank]! < table.rankLoad[best]!) && !table.holds(rank, expert)) best = rank;
  }
  if (best < 0) return false;
  const slots = free.get(best)!;
  table.lift(expert);
  table.put(expert, slots.pop()!);
  table.lay(expert);
  if (slots.length === 0) free.delete(best);
  table.settle([expert], 24);
  return true;
}
