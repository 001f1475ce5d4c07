import type { RandomSource } from "../../algorithms/random.ts";
import { efforts } from "./efforts.ts";
import { FreePacking } from "./freePacking.ts";
import type { RankProblem } from "./rankProblem.ts";

/** One move in so many tries a new replica count. */
const RECOUNT_EVERY = 4;
/** A move starts at the busiest of so many ranks. */
const TOURNAMENT = 3;

/**
 * Evens out the GPUs under free shares by descent: a replica on a busy GPU changes places with any other, or its expert gets a
 * further host in place of any replica, and what makes the GPUs evener stays.
 * @param start experts on each GPU, shape [ranks][replicas]
 * @returns the same with other hosts
 */
export function searchFree(start: readonly (readonly number[])[], problem: RankProblem, random: RandomSource): number[][] {
  const { loads, ranks, minHosts, lowerBound, effort } = problem;
  const { freeMoves, nearEnough } = efforts[effort];
  const packing = new FreePacking({ loads, held: start, nodes: ranks.map((rank) => rank.node), minHosts });
  const goal = ((lowerBound * loads.reduce((sum, load) => sum + load, 0)) / ranks.length) * (1 + nearEnough);
  for (let move = 0; move < freeMoves; move++) {
    if (move % ranks.length === 0 && packing.busiest() <= goal) break;
    let busy = random.below(ranks.length);
    for (let other = 1; other < TOURNAMENT; other++) {
      const rank = random.below(ranks.length);
      if (packing.rankLoads[rank]! > packing.rankLoads[busy]!) busy = rank;
    }
    const a = packing.first[busy]! + random.below(ranks[busy]!.slots);
    const b = random.below(packing.experts.length);
    if (move % RECOUNT_EVERY === 0) {
      const own = packing.experts[b]!;
      const cost = packing.recount(b, packing.experts[a]!);
      if (cost < 0) packing.settle();
      else if (cost < Infinity) packing.takeBackRecount(b, own);
    } else {
      const cost = packing.swap(a, b);
      if (cost < 0) packing.settle();
      else if (cost < Infinity) packing.takeBackSwap(a, b);
    }
  }
  return packing.held();
}
