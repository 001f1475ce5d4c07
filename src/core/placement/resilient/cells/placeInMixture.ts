/** One layer in the cells of a mixture: experts are packed into cells, dealt to the ranks of their hosts, and get further copies. */
import { FREE_SLOT } from "../../../layout/placement.ts";
import type { RankSlots } from "../ranks/rankSlots.ts";
import { RankTable, type Shares } from "../ranks/rankTable.ts";
import { evenOutCells } from "./evenOutCells.ts";
import type { Cell, Mixture } from "./mixtures.ts";

/** A layer in its slots. */
export interface PlacedLayer {
  readonly table: RankTable;
  /** Whether the copy in a slot is beyond those that the host set needs, or the slot is free for one, shape [slots]. */
  readonly isFurther: Uint8Array;
}

/** Sweeps of sharing out after experts are dealt. */
const SWEEPS = 20;
const SHORTAGE = 0.5;

/**
 * Places a layer; nothing here depends on a limit.
 * @param loads tokens of each expert, those with most first, shape [experts]; at most as many as the mixture holds
 */
export function placeInMixture(mixture: Mixture, loads: readonly number[], slots: RankSlots, shares: Shares): PlacedLayer {
  const table = new RankTable(slots, loads, shares);
  const isFurther = new Uint8Array(table.expertAt.length).fill(1);
  const held = packIntoCells(mixture, loads, slots);
  mixture.cells.forEach((cell, c) => {
    dealCell(table, isFurther, cell, held[c]!);
  });
  for (let expert = 0; expert < loads.length; expert++) table.lay(expert);
  table.settleAll(SWEEPS);
  addFurtherCopies(table, isFurther, shares);
  table.settleAll(SWEEPS);
  const home = new Int32Array(loads.length);
  held.forEach((experts, cell) => {
    for (const expert of experts) home[expert] = cell;
  });
  evenOutCells(table, mixture, home);
  table.settleAll(SWEEPS);
  return { table, isFurther };
}

/** Experts of each cell: the smallest cells are filled, so that slots are left for further copies; loads are evened out. */
function packIntoCells({ cells, capacity }: Mixture, loads: readonly number[], slots: RankSlots): number[][] {
  const ranksOf = (cell: Cell) =>
    cell.blocks.flat().reduce((sum, node) => sum + slots.firstRank[node + 1]! - slots.firstRank[node]!, 0);
  const room = cells.map((cell) => cell.capacity);
  const nodes = cells.map(({ blocks }) => blocks.flat().length);
  const hostsOf = cells.map(({ blocks }, c) => (blocks.length === 1 ? nodes[c]! : nodes[c]! - nodes[c]! / blocks.length));
  const ranks = cells.map(ranksOf);
  for (let unused = capacity - loads.length; unused > 0; unused--) {
    // Of the largest cells the one that has most room; one expert each is left to all.
    let best = -1;
    for (let c = 0; c < cells.length; c++) {
      if (room[c]! < 2) continue;
      const gap = best < 0 ? 1 : hostsOf[c]! - hostsOf[best]!;
      if (gap > 0.75 || (gap > -0.75 && room[c]! / ranks[c]! > room[best]! / ranks[best]!)) best = c;
    }
    if (best < 0) break;
    room[best]!--;
  }
  const packed = new Float64Array(cells.length);
  const held: number[][] = cells.map(() => []);
  const mean = loads.reduce((sum, load) => sum + load, 0) / slots.nodeOfRank.length;
  // What is more than its hosts can compute goes to further copies, which are where slots are left.
  const hosts = Math.max(...hostsOf.filter((_, c) => room[c]! < cells[c]!.capacity), Math.min(...hostsOf));
  const overflow = loads.reduce((sum, load) => sum + Math.max(0, load - mean * hosts), 0);
  const left = cells.map(({ capacity: most }, c) => (most - room[c]!) * nodes[c]!);
  const allLeft = left.reduce((sum, count) => sum + count, 0);
  if (allLeft > 0) packed.forEach((_, c) => (packed[c] = (overflow * left[c]!) / allLeft));
  loads.forEach((load, expert) => {
    let best = -1;
    let least = Number.POSITIVE_INFINITY;
    const wanted = load / mean;
    for (let c = 0; c < cells.length; c++) {
      if (held[c]!.length === room[c]!) continue;
      const own = packed[c]! / ranks[c]! + mean * SHORTAGE * Math.max(0, wanted - hostsOf[c]!);
      if (own < least) {
        best = c;
        least = own;
      }
    }
    held[best]!.push(expert);
    packed[best]! += Math.min(load, mean * nodes[best]!);
  });
  return held;
}

/** Deals the experts of a cell to the ranks of their hosts; each node another way, so that no two ranks share all their experts. */
function dealCell(table: RankTable, isFurther: Uint8Array, { blocks }: Cell, experts: readonly number[]): void {
  const spared = blocks.length === 1 ? experts.map(() => -1) : sparedBlocks(table, blocks, experts.length);
  let turn = 0;
  blocks.forEach((block, b) => {
    for (const node of block) {
      dealNode(
        table,
        isFurther,
        node,
        experts.filter((_, i) => spared[i] !== b),
        turn++,
      );
    }
  });
}

/** Which block each expert spares, so that no node gets more experts than slots; taken in turns. */
function sparedBlocks(
  { slots: { firstSlot, firstRank } }: RankTable,
  blocks: readonly (readonly number[])[],
  experts: number,
): number[] {
  const room = blocks.map((block) =>
    Math.min(...block.map((node) => firstSlot[firstRank[node + 1]!]! - firstSlot[firstRank[node]!]!)),
  );
  const must = room.map((slots) => Math.max(0, experts - slots));
  for (let rest = experts - must.reduce((sum, count) => sum + count, 0), b = 0; rest > 0; rest--, b = (b + 1) % must.length)
    must[b]!++;
  const left = [...must];
  return Array.from({ length: experts }, () => {
    const most = left.reduce(
      (best, count, b) => (count / must[b]! > left[best]! / must[best]! ? b : best),
      left.findIndex((n) => n > 0),
    );
    left[most]!--;
    return most;
  });
}

/** Deals experts, those with most tokens first, in turns there and back over the ranks of a node. */
function dealNode(table: RankTable, isFurther: Uint8Array, node: number, experts: readonly number[], turn: number): void {
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
      isFurther[slot] = 0;
    }
  }
}

/** Fills the slots left: as long as that helps, from the busiest rank to the least busy one that has room. */
function addFurtherCopies(table: RankTable, isFurther: Uint8Array, shares: Shares): void {
  const { firstSlot, rankOfSlot } = table.slots;
  const free = new Map<number, number[]>();
  isFurther.forEach((yes, slot) => {
    if (yes === 0 || table.expertAt[slot] !== FREE_SLOT) return;
    const rank = rankOfSlot[slot]!;
    free.set(rank, [...(free.get(rank) ?? []), slot]);
  });
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

function placeHottest(table: RankTable, free: Map<number, number[]>): boolean {
  const order = Array.from(table.loads.keys()).sort(
    (a, b) => table.loads[b]! / table.copies[b]!.length - table.loads[a]! / table.copies[a]!.length || a - b,
  );
  return order.some((expert) => place(table, free, expert));
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
