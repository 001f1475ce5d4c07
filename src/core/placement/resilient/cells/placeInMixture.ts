/** One layer in the cells of a mixture: experts are packed into cells, dealt to the ranks of their hosts, and get further copies. */
import { addFurtherCopies } from "../ranks/addFurtherCopies.ts";
import { dealNode } from "../ranks/dealNode.ts";
import type { RankSlots } from "../ranks/rankSlots.ts";
import { RankTable, type Shares } from "../ranks/rankTable.ts";
import { evenOutCells } from "./evenOutCells.ts";
import type { BlockCell, Mixture } from "./mixtures.ts";

/** Sweeps of sharing out after experts are dealt. */
const SWEEPS = 20;
const SHORTAGE = 0.5;
/** Numbers of hosts at this ratio or nearer are alike. */
const ALIKE = 0.8;

/**
 * Which cells leave room for further copies: all of them, those with most hosts, or as few of these as hold half of what they could.
 */
export type Roomy = "all" | "largest" | "half";

/**
 * Places a layer; nothing here depends on a limit.
 * @param loads tokens of each expert, those with most first, shape [experts]; at most as many as the mixture holds
 */
export function placeInMixture(
  mixture: Mixture,
  loads: readonly number[],
  slots: RankSlots,
  shares: Shares,
  roomy: Roomy,
): RankTable {
  const table = new RankTable(slots, loads, shares);
  const held = packIntoCells(mixture, loads, slots, roomy);
  mixture.cells.forEach((cell, c) => {
    dealCell(table, cell, held[c]!);
  });
  for (let expert = 0; expert < loads.length; expert++) table.lay(expert);
  table.settleAll(SWEEPS);
  addFurtherCopies(table, shares);
  table.settleAll(SWEEPS);
  const home = new Int32Array(loads.length);
  held.forEach((experts, cell) => {
    for (const expert of experts) home[expert] = cell;
  });
  evenOutCells(table, mixture, home);
  table.settleAll(SWEEPS);
  return table;
}

/** Experts of each cell: some cells are filled, so that slots are left for further copies in the others; loads are evened out. */
function packIntoCells({ cells, capacity }: Mixture, loads: readonly number[], slots: RankSlots, roomy: Roomy): number[][] {
  const ranksOf = (cell: BlockCell) =>
    cell.blocks.flat().reduce((sum, node) => sum + slots.firstRank[node + 1]! - slots.firstRank[node]!, 0);
  const room = cells.map((cell) => cell.capacity);
  const nodes = cells.map(({ blocks }) => blocks.flat().length);
  const hostsOf = cells.map(({ blocks }, c) => (blocks.length === 1 ? nodes[c]! : nodes[c]! - nodes[c]! / blocks.length));
  const ranks = cells.map(ranksOf);
  for (let unused = capacity - loads.length, giving = roomyCells(cells, hostsOf, unused, roomy); unused > 0; unused--) {
    // The one that has most room; one expert each is left to all.
    let best = -1;
    for (const c of giving) if (room[c]! > 1 && (best < 0 || room[c]! / ranks[c]! > room[best]! / ranks[best]!)) best = c;
    if (best >= 0) room[best]!--;
    else if (giving.length === cells.length) break;
    else {
      giving = Array.from(cells.keys());
      unused++;
    }
  }
  const packed = new Float64Array(cells.length);
  const held: number[][] = cells.map(() => []);
  const mean = loads.reduce((sum, load) => sum + load, 0) / slots.nodeOfRank.length;
  // What is more than its hosts can compute goes to further copies, which are where slots are left.
  const hosts = Math.max(...hostsOf.filter((_, c) => room[c]! < cells[c]!.capacity), Math.min(...hostsOf));
  const overflow = loads.reduce((sum, load) => sum + Math.max(0, load - mean * hosts), 0);
  const left = cells.map(({ capacity: most }, c) => (most - room[c]!) * nodes[c]!);
  const allLeft = left.reduce((sum, count) => sum + count, 0);
  for (let c = 0; allLeft > 0 && c < cells.length; c++) packed[c] = (overflow * left[c]!) / allLeft;
  loads.forEach((load, expert) => {
    let best = -1;
    let least = Number.POSITIVE_INFINITY;
    const wanted = mean === 0 ? 0 : load / mean;
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

/** Cells that hold fewer experts than they could, when so many experts fewer are to be held. */
function roomyCells(cells: readonly BlockCell[], hosts: readonly number[], unused: number, roomy: Roomy): number[] {
  const order = Array.from(cells.keys());
  if (roomy === "all") return order;
  if (roomy === "largest") return order.filter((c) => hosts[c]! >= ALIKE * Math.max(...hosts));
  let spared = 0;
  return order
    .sort((a, b) => hosts[b]! - hosts[a]! || a - b)
    .filter((c) => {
      const isNeeded = spared < unused;
      spared += Math.floor(cells[c]!.capacity / 2);
      return isNeeded;
    });
}

/** Deals the experts of a cell to the ranks of their hosts; each node another way, so that no two ranks share all their experts. */
function dealCell(table: RankTable, { blocks }: BlockCell, experts: readonly number[]): void {
  const spared = blocks.length === 1 ? experts.map(() => -1) : sparedBlocks(table, blocks, experts.length);
  let turn = 0;
  blocks.forEach((block, b) => {
    for (const node of block) {
      dealNode(
        table,
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
