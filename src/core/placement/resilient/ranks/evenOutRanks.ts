/** Evens out all ranks of a layer under even shares, by moves that leave every expert a host set of the design. */
import type { RandomSource } from "../../../algorithms/random.ts";
import { FREE_SLOT } from "../../../layout/placement.ts";
import { carryOut, exchangeHosts } from "./moves.ts";
import type { RankTable } from "./rankTable.ts";

/** A move may cost so many times the mean squared imbalance, at the first try and at the last. */
const FIRST_THRESHOLD = 2.5;
const LAST_THRESHOLD = 0.25;
/** Kinds of moves, tried in turns: each makes one that costs no more than the threshold. They return what it cost, or 0. */
const TURNS = [tryRecount, tryNear, tryHosts, tryFar, tryRecount, tryNear, tryHosts, tryNear] as const;

/**
 * Threshold accepting (Dueck and Scheuer 1990) on the squared distance of the ranks from the mean, as `balanced` does it: the
 * busiest rank alone leads nowhere where two or three copies fill a rank. What happens depends on no limit.
 * @param moves to try
 * @returns squared distance of the ranks from the mean, summed over the ranks
 */
export function evenOutRanks(table: RankTable, moves: number, random: RandomSource): number {
  const { rankLoad, mean } = table;
  const cooling = (LAST_THRESHOLD / FIRST_THRESHOLD) ** (1 / moves);
  let imbalance = 0;
  for (const load of rankLoad) imbalance += (load - mean) ** 2;
  const ceiling = imbalance;
  let factor = FIRST_THRESHOLD;
  for (let i = 0; i < moves; i++, factor *= cooling) {
    const threshold = (factor * Math.min(imbalance, ceiling)) / rankLoad.length;
    imbalance += TURNS[i % TURNS.length]!(table, threshold, random);
  }
  table.spent += moves;
  return imbalance;
}

/** A further copy becomes one of another expert. */
function tryRecount(table: RankTable, threshold: number, random: RandomSource): number {
  const { further } = table;
  if (further.length === 0) return 0;
  const slot = further[random.below(further.length)]!;
  const after = random.below(table.copies.length);
  const cost = recountCost(table, slot, after);
  if (!(cost <= threshold)) return 0;
  table.begin();
  carryOut(table, { kind: "replace", slot, before: table.expertAt[slot]!, after });
  return cost;
}

/** Two experts take each other's host sets and keep their further copies. */
function tryHosts(table: RankTable, threshold: number, random: RandomSource): number {
  const one = random.below(table.copies.length);
  const two = random.below(table.copies.length);
  const cost = exchangeHostsCost(table, one, two);
  if (!(cost <= threshold)) return 0;
  table.begin();
  exchangeHosts(table, one, two);
  return cost;
}

/** Two slots of a node exchange what they hold. */
function tryNear(table: RankTable, threshold: number, random: RandomSource): number {
  const first = random.below(table.expertAt.length);
  return tryExchange(table, first, slotOfNode(table, first, random), threshold);
}

/** Two slots that host sets do without exchange what they hold. */
function tryFar(table: RankTable, threshold: number, random: RandomSource): number {
  const { further } = table;
  if (further.length === 0) return 0;
  return tryExchange(table, further[random.below(further.length)]!, further[random.below(further.length)]!, threshold);
}

function tryExchange(table: RankTable, first: number, second: number, threshold: number): number {
  const cost = exchangeCost(table, first, second);
  if (!(cost <= threshold)) return 0;
  const [from, to] = table.expertAt[first] === FREE_SLOT ? [second, first] : [first, second];
  table.begin();
  carryOut(table, { kind: "exchange", first: from, second: to });
  return cost;
}

function slotOfNode(
  { slots: { firstRank, firstSlot, nodeOfRank, rankOfSlot } }: RankTable,
  slot: number,
  random: RandomSource,
): number {
  const node = nodeOfRank[rankOfSlot[slot]!]!;
  const first = firstSlot[firstRank[node]!]!;
  return first + random.below(firstSlot[firstRank[node + 1]!]! - first);
}

/** What two ranks cost more when so many tokens go from one to the other. */
function shiftCost({ rankLoad }: RankTable, from: number, to: number, moved: number): number {
  return 2 * moved * (moved - rankLoad[from]! + rankLoad[to]!);
}

/** Infinity where an expert would be twice on a rank; both slots are on one node, or host sets do without them. */
function exchangeCost(table: RankTable, first: number, second: number): number {
  const { rankOfSlot } = table.slots;
  const [from, to] = [rankOfSlot[first]!, rankOfSlot[second]!];
  const [one, two] = [table.expertAt[first]!, table.expertAt[second]!];
  if (from === to || one === two) return Number.POSITIVE_INFINITY;
  if ((one !== FREE_SLOT && table.holds(to, one)) || (two !== FREE_SLOT && table.holds(from, two)))
    return Number.POSITIVE_INFINITY;
  return shiftCost(table, from, to, table.takenAt(first) - table.takenAt(second));
}

/** Infinity where one would be twice on a rank, or hosts are not as many or the same. */
function exchangeHostsCost(table: RankTable, one: number, two: number): number {
  const { nodeOfRank, rankOfSlot } = table.slots;
  const [ones, twos] = [table.copies[one]!, table.copies[two]!];
  const moved = table.loads[one]! / ones.length - table.loads[two]! / twos.length;
  if (one === two || moved === 0) return Number.POSITIVE_INFINITY;
  let cost = 0;
  let at = 0;
  for (const slot of ones) {
    if (table.isFurther(slot)) continue;
    while (at < twos.length && table.isFurther(twos[at]!)) at++;
    if (at === twos.length) return Number.POSITIVE_INFINITY;
    const [from, to] = [rankOfSlot[slot]!, rankOfSlot[twos[at]!]!];
    at++;
    if (nodeOfRank[from] === nodeOfRank[to] || table.holds(from, two) || table.holds(to, one)) return Number.POSITIVE_INFINITY;
    cost += shiftCost(table, from, to, moved);
  }
  for (; at < twos.length; at++) if (!table.isFurther(twos[at]!)) return Number.POSITIVE_INFINITY;
  return cost;
}

/** Infinity where the expert is on the rank already. */
function recountCost(table: RankTable, slot: number, after: number): number {
  const { rankLoad, copies, loads } = table;
  const { rankOfSlot } = table.slots;
  const before = table.expertAt[slot]!;
  const rank = rankOfSlot[slot]!;
  if (before === after || table.holds(rank, after)) return Number.POSITIVE_INFINITY;
  const count = copies[after]!.length;
  const share = loads[after]! / (count + 1);
  const less = loads[after]! / count - share;
  let own = share;
  let cost = 0;
  if (before === FREE_SLOT) {
    for (const other of copies[after]!) cost += less * (less - 2 * rankLoad[rankOfSlot[other]!]!);
    return cost + own * (own + 2 * rankLoad[rank]!);
  }
  const held = copies[before]!.length;
  const more = loads[before]! / (held - 1) - loads[before]! / held;
  own -= loads[before]! / held;
  for (const other of copies[before]!) {
    const at = rankOfSlot[other]!;
    if (at !== rank) cost += more * (more + 2 * rankLoad[at]!);
  }
  for (const other of copies[after]!) {
    const at = rankOfSlot[other]!;
    cost += less * (less - 2 * rankLoad[at]!);
    if (table.holds(at, before)) cost -= 2 * more * less;
  }
  return cost + own * (own + 2 * rankLoad[rank]!);
}
