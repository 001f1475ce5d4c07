import type { RankProblem } from "./rankProblem.ts";
import { searchPacking } from "./searchPacking.ts";
import { startPlacement } from "./startPlacement.ts";

/**
 * Replica counts and places that even out the GPUs when every replica takes an equal share of its expert's tokens (heuristic).
 * @returns experts on each GPU, all slots used, shape [ranks][replicas]
 */
export function evenSplit(problem: RankProblem): number[][] {
  const { loads, ranks, minHosts, lowerBound, effort, random } = problem;
  const mean = loads.reduce((sum, load) => sum + load, 0) / ranks.length;
  const start = {
    loads,
    held: startPlacement(loads, ranks, minHosts),
    gpus: ranks.map(() => 1),
    nodes: ranks.map((rank) => rank.node),
    minHosts,
  };
  const { packing } = searchPacking(() => start, { effort, random, recounts: true, lowerBound: lowerBound * mean });
  return packing.held();
}
