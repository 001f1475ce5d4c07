/** Levels a plan for even shares further where the search among all slots ends far from the bound, as `resilient` does it. */
import { randomSource } from "../../algorithms/random.ts";
import { FREE_SLOT } from "../../layout/placement.ts";
import { evenOutRanks } from "../resilient/ranks/evenOutRanks.ts";
import { levelRanks } from "../resilient/ranks/levelRanks.ts";
import type { RankSlots } from "../resilient/ranks/rankSlots.ts";
import { RankTable } from "../resilient/ranks/rankTable.ts";
import type { RankProblem } from "./rankProblem.ts";
import type { Rank } from "./ranks.ts";

/** Moves that even out all ranks, for each slot, and steps that level the busiest after that. */
const MOVES = 64;
const STEPS = 250_000;

/**
 * Evens out all ranks, then the busiest; every expert keeps the first hosts that it needs.
 * @param held experts on each rank, none twice, shape [ranks][replicas]
 * @returns the same with other places, and load of the busiest rank
 */
export function levelFurther(held: readonly (readonly number[])[], problem: RankProblem): { held: number[][]; busiest: number } {
  const { loads, ranks, minHosts, lowerBound, seed } = problem;
  const slots = slotsOf(ranks);
  const table = new RankTable(slots, loads, "even");
  const hosts: Set<number>[] = loads.map(() => new Set());
  held.forEach((experts, rank) => {
    experts.forEach((expert, i) => {
      const slot = slots.firstSlot[rank]! + i;
      table.put(expert, slot);
      const own = hosts[expert]!;
      if (own.size >= minHosts || own.has(ranks[rank]!.node)) return;
      own.add(ranks[rank]!.node);
      table.settleHost(slot);
    });
  });
  for (let expert = 0; expert < loads.length; expert++) table.lay(expert);
  evenOutRanks(table, MOVES * table.expertAt.length, randomSource(seed, 1));
  levelRanks(table, { limit: lowerBound, steps: STEPS, random: randomSource(seed), persistent: true });
  const levelled = ranks.map((_, rank) =>
    Array.from(table.expertAt.subarray(slots.firstSlot[rank], slots.firstSlot[rank + 1])).filter((e) => e !== FREE_SLOT),
  );
  return { held: levelled, busiest: table.busiest };
}

function slotsOf(ranks: readonly Rank[]): RankSlots {
  const firstSlot = [0];
  for (const { slots } of ranks) firstSlot.push(firstSlot.at(-1)! + slots);
  const firstRank = ranks.flatMap(({ node }, rank) => (rank === 0 || ranks[rank - 1]!.node !== node ? [rank] : []));
  const numbers = ranks.map((_, rank) => firstRank.findLastIndex((first) => first <= rank));
  return {
    nodeOfRank: Int32Array.from(numbers),
    firstSlot: Int32Array.from(firstSlot),
    rankOfSlot: Int32Array.from(ranks.flatMap(({ slots }, rank) => new Array<number>(slots).fill(rank))),
    firstRank: Int32Array.from([...firstRank, ranks.length]),
  };
}
