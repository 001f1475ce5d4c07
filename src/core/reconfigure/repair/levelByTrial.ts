/** Levelling where tokens are shared freely: moves are drawn, made, and taken back if they gain too little. */
import type { RandomSource } from "../../algorithms/random.ts";
import { FREE_SLOT } from "../../layout/placement.ts";
import { carryOut, type LevelProblem, type Move, maySpare, takeBack } from "./levelMove.ts";
import type { RepairedLayer } from "./repairedLayer.ts";

/** What a replica sent has to be worth, in units of unevenness; tried in this order. */
const PRICES = [0.1, 0.02, 0.004, 0];
/** Part of the steps left that a price may spend. */
const SPENDING = 0.5;
/** Draws in vain before the price falls, for each slot. */
const PATIENCE = 0.5;
const LEAST_PATIENCE = 200;
/** Elementary steps of a layer. */
const STEPS = 300_000;
const CONTENDERS = 3;
/** Share of the moves that relieve the busiest rank; the others one over the limit. */
const BUSIEST_FIRST = 0.4;
const LEAST_GAIN = 1e-9;
/** Moves after which spare slots are looked for anew. */
const STALE = 16;

/** Levels a layer by moves that are drawn; what gains is kept, first if it is cheap. */
export function levelByTrial(layer: RepairedLayer, problem: LevelProblem, random: RandomSource): void {
  const { table } = layer;
  const target = problem.limit * table.mean;
  const end = table.spent + STEPS;
  const patience = Math.max(LEAST_PATIENCE, PATIENCE * table.expertAt.length);
  const before = layer.moved;
  let busy = busyRanks(layer, target);
  let spare: number[] = [];
  let stale = STALE;
  for (const price of PRICES) {
    const until = price === 0 ? end : table.spent + SPENDING * (end - table.spent);
    for (let vain = 0; busy.length > 0 && vain < patience && table.spent < until; vain++) {
      table.spent += 8;
      if (stale >= STALE) {
        spare = spareSlots(layer, problem);
        stale = 0;
      }
      const move = drawMove(
        layer,
        problem,
        random,
        busy[random.uniform() < BUSIEST_FIRST ? 0 : random.below(busy.length)]!,
        spare,
      );
      if (move === undefined) continue;
      const moved = layer.moved;
      table.begin();
      const back = carryOut(layer, move);
      const gain = -table.change((load) => unevenness(load / table.mean));
      const sent = layer.moved - moved;
      if (gain > price * sent + LEAST_GAIN && layer.moved <= Math.max(moved, before + problem.budget)) {
        busy = busyRanks(layer, target);
        stale++;
        vain = 0;
      } else {
        takeBack(layer, back);
        table.undo();
      }
    }
  }
}

/** A smooth stand-in for the busiest rank: a high power of the load over the mean. */
function unevenness(load: number): number {
  const fourth = load * load * load * load;
  return fourth * fourth * fourth;
}

/** Ranks over the target, the busiest first. */
function busyRanks({ table }: RepairedLayer, target: number): number[] {
  const ranks: number[] = [];
  for (let rank = 0; rank < table.rankLoad.length; rank++) {
    if (table.rankLoad[rank]! <= target) continue;
    ranks.push(rank);
    if (table.rankLoad[rank]! > table.rankLoad[ranks[0]!]!) [ranks[0], ranks[ranks.length - 1]] = [rank, ranks[0]!];
  }
  return ranks;
}

/** Slots whose experts can do without them. */
function spareSlots(layer: RepairedLayer, problem: LevelProblem): number[] {
  return [...layer.table.expertAt.keys()].filter((slot) => maySpare(layer, problem, slot));
}

function drawMove(
  layer: RepairedLayer,
  problem: LevelProblem,
  random: RandomSource,
  rank: number,
  spare: readonly number[],
): Move | undefined {
  const { slots, nodeOfSlot, mayLeave, singly } = problem;
  const { table } = layer;
  const { firstSlot, firstRank, nodeOfRank } = slots;
  const { expertAt, rankLoad } = table;
  const slotOf = (of: number) => {
    const count = firstSlot[of + 1]! - firstSlot[of]!;
    return count === 0 ? -1 : firstSlot[of]! + random.below(count);
  };
  const lightRank = (first: number, count: number) => {
    let best = first + random.below(count);
    for (let i = 1; i < CONTENDERS; i++) {
      const other = first + random.below(count);
      if (rankLoad[other]! < rankLoad[best]!) best = other;
    }
    return best;
  };
  const slot = slotOf(rank);
  const expert = slot < 0 ? FREE_SLOT : expertAt[slot]!;
  if (expert === FREE_SLOT) return undefined;
  const kind = random.uniform();
  if (kind < 0.3) {
    const node = nodeOfRank[rank]!;
    const count = firstRank[node + 1]! - firstRank[node]!;
    if (count === 1 || singly) return undefined;
    const otherRank = lightRank(firstRank[node]!, count);
    const other = slotOf(otherRank);
    if (other < 0 || rankLoad[otherRank]! >= rankLoad[rank]!) return undefined;
    const guest = expertAt[other]!;
    if (guest === expert || table.holds(otherRank, expert) || (guest !== FREE_SLOT && table.holds(rank, guest))) return undefined;
    return { slots: [slot, other], experts: [guest, expert] };
  }
  if (kind < 0.65) {
    if (spare.length === 0) return undefined;
    let other = spare[random.below(spare.length)]!;
    for (let i = 1; i < CONTENDERS; i++) {
      const contender = spare[random.below(spare.length)]!;
      if (rankLoad[slots.rankOfSlot[contender]!]! < rankLoad[slots.rankOfSlot[other]!]!) other = contender;
    }
    const otherRank = slots.rankOfSlot[other]!;
    if (rankLoad[otherRank]! >= rankLoad[rank]! || table.holds(otherRank, expert) || !maySpare(layer, problem, other))
      return undefined;
    return { slots: [other], experts: [expert] };
  }
  const stranger = random.below(table.copies.length);
  if (stranger === expert || table.copies[stranger]!.length === 0) return undefined;
  if (kind < 0.8 || (singly && kind < 0.9)) {
    if (layer.tokensEach(stranger) >= layer.tokensEach(expert) || table.holds(rank, stranger) || !maySpare(layer, problem, slot))
      return undefined;
    return { slots: [slot], experts: [stranger] };
  }
  if (singly) return undefined;
  if (kind < 0.92) return layer.tokensEach(stranger) < layer.tokensEach(expert) ? { trade: [expert, stranger] } : undefined;
  // One copy of each of two experts on different nodes.
  const otherRank = lightRank(0, rankLoad.length);
  const other = slotOf(otherRank);
  if (other < 0 || rankLoad[otherRank]! >= rankLoad[rank]!) return undefined;
  const guest = expertAt[other]!;
  const [here, there] = [nodeOfSlot[slot]!, nodeOfSlot[other]!];
  if (guest === FREE_SLOT || guest === expert || here === there) return undefined;
  if (table.holds(otherRank, expert) || table.holds(rank, guest)) return undefined;
  const stays = (who: number, from: number, to: number) => mayLeave(layer.unitsWithout(who, from, to));
  return stays(expert, here, there) && stays(guest, there, here) ? { slots: [slot, other], experts: [guest, expert] } : undefined;
}
