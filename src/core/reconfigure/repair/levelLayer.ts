/** Brings the busiest rank of a layer under a limit with few replicas moved, and no host set worse than those in use. */
import type { RandomSource } from "../../algorithms/random.ts";
import { FREE_SLOT } from "../../layout/placement.ts";
import type { LayerSetting, RepairedLayer } from "./repairedLayer.ts";

/** What to reach. */
export interface LevelProblem extends LayerSetting {
  /** Tokens of the busiest rank over the mean. */
  readonly limit: number;
  readonly random: RandomSource;
  /** Whether an expert may be left with these units only, given as bits. */
  readonly mayLeave: (units: Int32Array) => boolean;
  /** Whether only single replicas may change, so that each can by itself. */
  readonly singly: boolean;
}

/** A slot and what it holds instead; or two experts that take each other's slots. */
type Move =
  | { readonly slots: readonly number[]; readonly experts: readonly number[] }
  | { readonly trade: readonly [number, number] };

/** What a replica sent has to be worth, in units of unevenness; tried in this order. */
const PRICES = [0.1, 0.02, 0.004, 0];
/** Part of the steps left that a price may spend. */
const SPENDING = 0.5;
/** Draws in vain before the price falls, for each slot. */
const PATIENCE = 0.5;
const LEAST_PATIENCE = 200;
/** Elementary steps of a layer. */
const STEPS = 300_000;
/** Experts shared out anew after a move. */
const MOST_SETTLED = 32;
const CONTENDERS = 3;
/** Share of the moves that relieve the busiest rank; the others one over the limit. */
const BUSIEST_FIRST = 0.4;
const LEAST_GAIN = 1e-9;
/** Experts that are offered their old slot back. */
const MOST_RETURNS = 6;
/** Moves after which spare slots are looked for anew. */
const STALE = 16;

/** Levels a layer whose tokens are shared out; the limit is met where the search finds how. */
export function levelLayer(layer: RepairedLayer, problem: LevelProblem): void {
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
        busy[problem.random.uniform() < BUSIEST_FIRST ? 0 : problem.random.below(busy.length)]!,
        spare,
      );
      if (move === undefined) continue;
      const moved = layer.moved;
      table.begin();
      const back = carryOut(layer, move);
      const gain = -table.change((load) => unevenness(load / table.mean));
      if (gain > price * (layer.moved - moved) + LEAST_GAIN) {
        busy = busyRanks(layer, target);
        stale++;
        vain = 0;
      } else {
        takeBack(layer, back);
        table.undo();
      }
    }
  }
  if (layer.moved > before) giveBack(layer, problem, Math.max(target, table.busiest));
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
function spareSlots(layer: RepairedLayer, { nodeOfSlot, mayLeave }: LevelProblem): number[] {
  const { expertAt } = layer.table;
  const spare: number[] = [];
  for (let slot = 0; slot < expertAt.length; slot++) {
    const expert = expertAt[slot]!;
    const node = nodeOfSlot[slot]!;
    if (expert === FREE_SLOT || layer.copiesOn(node, expert) > 1 || mayLeave(layer.unitsWithout(expert, node))) spare.push(slot);
  }
  return spare;
}

function drawMove(layer: RepairedLayer, problem: LevelProblem, rank: number, spare: readonly number[]): Move | undefined {
  const { random, slots, nodeOfSlot, mayLeave, singly } = problem;
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
  const maySpare = (slot: number) => {
    const victim = expertAt[slot]!;
    const node = nodeOfSlot[slot]!;
    return victim === FREE_SLOT || layer.copiesOn(node, victim) > 1 || mayLeave(layer.unitsWithout(victim, node));
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
    if (rankLoad[otherRank]! >= rankLoad[rank]! || table.holds(otherRank, expert) || !maySpare(other)) return undefined;
    return { slots: [other], experts: [expert] };
  }
  const stranger = random.below(table.copies.length);
  if (stranger === expert || table.copies[stranger]!.length === 0) return undefined;
  if (kind < 0.8 || (singly && kind < 0.9)) {
    if (layer.tokensEach(stranger) >= layer.tokensEach(expert) || table.holds(rank, stranger) || !maySpare(slot))
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

/** Makes a move and shares out; returns the move that brings the copies back. */
function carryOut(layer: RepairedLayer, move: Move): Move {
  const { table } = layer;
  if ("trade" in move) {
    for (const expert of move.trade) table.lift(expert);
    layer.trade(...move.trade);
    for (const expert of move.trade) table.lay(expert);
    table.settle(move.trade, MOST_SETTLED);
    return move;
  }
  const experts = move.slots.map((slot) => table.expertAt[slot]!);
  const touched = [...new Set([...experts, ...move.experts])].filter((expert) => expert !== FREE_SLOT);
  for (const expert of touched) table.lift(expert);
  assign(layer, move.slots, move.experts);
  for (const expert of touched) if (table.copies[expert]!.length > 0) table.lay(expert);
  table.settle(touched, MOST_SETTLED);
  return { slots: move.slots, experts };
}

/** Brings copies back; loads are not counted. */
function takeBack(layer: RepairedLayer, back: Move): void {
  if ("trade" in back) layer.trade(...back.trade);
  else assign(layer, back.slots, back.experts);
}

function assign(layer: RepairedLayer, slots: readonly number[], experts: readonly number[]): void {
  if (slots.length === 1) {
    layer.replace(slots[0]!, experts[0]!);
    return;
  }
  for (const slot of slots) layer.remove(slot);
  for (const [i, slot] of slots.entries()) if (experts[i] !== FREE_SLOT) layer.put(experts[i]!, slot);
}

/** Experts that had to leave a node return where it turns out that they can. */
function giveBack(layer: RepairedLayer, { slots, nodeOfSlot, mayLeave }: LevelProblem, most: number): void {
  const { table } = layer;
  for (let slot = 0; slot < table.expertAt.length; slot++) {
    const guest = table.expertAt[slot]!;
    const node = nodeOfSlot[slot]!;
    if (guest === FREE_SLOT || layer.wasOn(node, guest)) continue;
    if (layer.copiesOn(node, guest) === 1 && !mayLeave(layer.unitsWithout(guest, node))) continue;
    const away = [...table.copies.keys()].filter(
      (expert) =>
        layer.wasOn(node, expert) && layer.copiesOn(node, expert) === 0 && !table.holds(slots.rankOfSlot[slot]!, expert),
    );
    away.sort((a, b) => layer.tokensEach(b) - layer.tokensEach(a) || a - b);
    for (const expert of away.slice(0, MOST_RETURNS)) {
      table.begin();
      const back = carryOut(layer, { slots: [slot], experts: [expert] });
      if (table.busiest <= most) break;
      takeBack(layer, back);
      table.undo();
    }
  }
}
