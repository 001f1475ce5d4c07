/** Makes the busiest rank of a layer less busy, by moves that leave every expert a host set of the design. */
import type { RandomSource } from "../../../algorithms/random.ts";
import { FREE_SLOT } from "../../../layout/placement.ts";
import { carryOut, type Move, takeBack } from "./moves.ts";
import type { RankTable } from "./rankTable.ts";

/** How long to search, and when to be content. */
export interface Levelling {
  /** Tokens of the busiest rank over the mean at which the search ends. What it does before does not depend on it. */
  readonly limit: number;
  /** Elementary steps to spend. */
  readonly steps: number;
  readonly random: RandomSource;
  /** Whether to go on where the limit is far out of reach. */
  readonly persistent?: boolean;
}

/**
 * Shares of the kinds of moves, by who sets the shares of tokens: slots exchanged, experts that take each other's slots; the rest changes
 * the experts that have further copies. With even shares a copy more or less changes all others of its expert.
 */
const KINDS = { free: { exchange: 0.4, trade: 0.4 }, even: { exchange: 0.4, trade: 0.36 } } as const;
/**
 * Power of loads over the mean whose sum stands in for the busiest rank: the higher, the nearer, and the fewer moves lead on. It is
 * three times two to this: cubed and then squared so often, as `**` takes a third of the search.
 */
const SQUARINGS = { free: 2, even: 4 } as const;
/** Share of the moves that relieve one of the busiest ranks; the others one of the busier. */
const BUSIEST_FIRST = 0.6;
const CONTENDERS = 4;
/** Experts shared out anew after a move. */
const MOST_SETTLED = 48;
/** Moves in vain after which nothing more is expected, for each slot. */
const PATIENCE = 4;
/** Part of the steps after which a balance beyond so many times the slack, and a little, is given up. */
const DOUBT = 0.25;
const HOPELESS = 2;
const HOPELESS_GAP = 0.03;
/** Gain of a move that is worth making. */
const LEAST_GAIN = 1e-9;

/**
 * Searches until the busiest rank is within the limit or the steps are spent.
 * @returns whether it was given up before
 */
export function levelRanks(table: RankTable, { limit, steps, random, persistent = false }: Levelling): boolean {
  const target = limit * table.mean;
  const end = table.spent + steps;
  const doubt = table.spent + steps * DOUBT;
  const hopeless = (1 + HOPELESS * (limit - 1) + HOPELESS_GAP) * table.mean;
  const patience = PATIENCE * table.expertAt.length;
  const { mean } = table;
  const squarings = table.sharesAreEven ? SQUARINGS.even : SQUARINGS.free;
  const unevenness = (load: number) => {
    let power = (load / mean) * (load / mean) * (load / mean);
    for (let i = 0; i < squarings; i++) power *= power;
    return power;
  };
  let busiest = busiestRanks(table);
  for (let vain = 0; table.rankLoad[busiest[0]!]! > target && table.spent < end && vain < patience; vain++) {
    if (!persistent && table.spent > doubt && table.rankLoad[busiest[0]!]! > hopeless) return true;
    table.spent += 8;
    const move = drawMove(table, drawBusyRank(table, busiest, random), random);
    if (move === undefined) continue;
    table.begin();
    table.settle(carryOut(table, move), MOST_SETTLED);
    if (table.change(unevenness) < -LEAST_GAIN) {
      busiest = busiestRanks(table);
      vain = 0;
    } else {
      takeBack(table, move);
      table.undo();
    }
  }
  return false;
}

/** The busiest rank, then others hardly less busy. */
function busiestRanks({ rankLoad, mean }: RankTable): number[] {
  let busiest = 0;
  for (let rank = 1; rank < rankLoad.length; rank++) if (rankLoad[rank]! > rankLoad[busiest]!) busiest = rank;
  const found = [busiest];
  const least = rankLoad[busiest]! - 1e-3 * mean;
  for (let rank = 0; rank < rankLoad.length; rank++) if (rankLoad[rank]! >= least && rank !== busiest) found.push(rank);
  return found;
}

function drawBusyRank({ rankLoad }: RankTable, busiest: readonly number[], random: RandomSource): number {
  const ranks = rankLoad.length;
  if (random.uniform() < BUSIEST_FIRST) return busiest[random.below(busiest.length)]!;
  let best = random.below(ranks);
  for (let i = 1; i < CONTENDERS; i++) {
    const other = random.below(ranks);
    if (rankLoad[other]! > rankLoad[best]!) best = other;
  }
  return best;
}

function drawMove(table: RankTable, rank: number, random: RandomSource): Move | undefined {
  const { firstSlot, rankOfSlot } = table.slots;
  const room = firstSlot[rank + 1]! - firstSlot[rank]!;
  if (room === 0) return undefined;
  const slot = firstSlot[rank]! + random.below(room);
  const expert = table.expertAt[slot]!;
  if (expert === FREE_SLOT) return undefined;
  const kinds = table.sharesAreEven ? KINDS.even : KINDS.free;
  const kind = random.uniform();
  if (kind < kinds.exchange) return drawExchange(table, slot, random);
  if (kind < kinds.exchange + kinds.trade) {
    const other = random.below(table.copies.length);
    const own = table.loads[expert]! / table.copies[expert]!.length;
    const others = table.loads[other]! / table.copies[other]!.length;
    return other === expert || others >= own ? undefined : { kind: "trade", first: expert, second: other };
  }
  if (table.isFurther(slot) && random.uniform() < 0.5) {
    const after = random.below(table.copies.length);
    return table.holds(rank, after) ? undefined : { kind: "replace", slot, before: expert, after };
  }
  const { further } = table;
  if (further.length === 0) return undefined;
  let taken = further[random.below(further.length)]!;
  for (let i = 1; i < CONTENDERS; i++) {
    const contender = further[random.below(further.length)]!;
    if (table.rankLoad[rankOfSlot[contender]!]! < table.rankLoad[rankOfSlot[taken]!]!) taken = contender;
  }
  const takenRank = rankOfSlot[taken]!;
  const before = table.expertAt[taken]!;
  if (before === expert || table.rankLoad[takenRank]! >= table.rankLoad[rank]! || table.holds(takenRank, expert))
    return undefined;
  return { kind: "replace", slot: taken, before, after: expert };
}

/** Exchanges a slot with one of a less busy rank of its node; with even shares the best ones of its rank and another, often of another node. */
function drawExchange(table: RankTable, slot: number, random: RandomSource): Move | undefined {
  const { firstSlot, firstRank, nodeOfRank, rankOfSlot } = table.slots;
  const rank = rankOfSlot[slot]!;
  const node = nodeOfRank[rank]!;
  const isNear = !table.sharesAreEven || random.uniform() < 0.5;
  const [first, end] = isNear ? [firstRank[node]!, firstRank[node + 1]!] : [0, table.rankLoad.length];
  const one = first + random.below(end - first);
  const two = first + random.below(end - first);
  const otherRank = table.rankLoad[one]! < table.rankLoad[two]! ? one : two;
  if (table.rankLoad[otherRank]! >= table.rankLoad[rank]!) return undefined;
  if (table.sharesAreEven) return bestExchange(table, rank, otherRank);
  const places = firstSlot[otherRank + 1]! - firstSlot[otherRank]!;
  if (places === 0) return undefined;
  const other = firstSlot[otherRank]! + random.below(places);
  const expert = table.expertAt[slot]!;
  const guest = table.expertAt[other]!;
  if (guest === expert) return undefined;
  if (table.holds(otherRank, expert) || (guest !== FREE_SLOT && table.holds(rank, guest))) return undefined;
  return { kind: "exchange", first: slot, second: other };
}

/** The exchange that makes two ranks most alike, under even shares; between nodes only further copies may be exchanged. */
function bestExchange(table: RankTable, rank: number, otherRank: number): Move | undefined {
  const { firstSlot, nodeOfRank } = table.slots;
  const gap = table.rankLoad[rank]! - table.rankLoad[otherRank]!;
  const isNear = nodeOfRank[rank] === nodeOfRank[otherRank];
  let best: Move | undefined;
  let nearest = gap / 2;
  for (let slot = firstSlot[rank]!; slot < firstSlot[rank + 1]!; slot++) {
    const expert = table.expertAt[slot]!;
    if (!(isNear || table.isFurther(slot)) || expert === FREE_SLOT || table.holds(otherRank, expert)) continue;
    for (let other = firstSlot[otherRank]!; other < firstSlot[otherRank + 1]!; other++) {
      if (!(isNear || table.isFurther(other))) continue;
      table.spent++;
      const guest = table.expertAt[other]!;
      const moved = table.takenAt(slot) - (guest === FREE_SLOT ? 0 : table.takenAt(other));
      const off = Math.abs(moved - gap / 2);
      if (off >= nearest || (guest !== FREE_SLOT && table.holds(rank, guest))) continue;
      nearest = off;
      best = { kind: "exchange", first: slot, second: other };
    }
  }
  return best;
}
