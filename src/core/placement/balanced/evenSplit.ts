import { randomSource } from "../../algorithms/random.ts";
import { eplbStart } from "./eplbStart.ts";
import { levelFurther } from "./levelFurther.ts";
import type { RankProblem } from "./rankProblem.ts";
import { ReplicaPacking } from "./replicaPacking.ts";
import { searchPacking } from "./searchPacking.ts";
import { startPlacement } from "./startPlacement.ts";

/** Times the lower bound beyond which the packing is levelled further. */
const FAR = 1.02;

/**
 * Replica counts and places that even out the GPUs when every replica takes an equal share of its expert's tokens (heuristic):
 * searched from the evener of a greedy placement and EPLB's, and so never worse than either.
 * @returns experts on each GPU, none twice, all slots used, shape [ranks][replicas]
 */
export function evenSplit(problem: RankProblem): number[][] {
  const { loads, ranks, minHosts, lowerBound, effort, seed } = problem;
  const mean = loads.reduce((sum, load) => sum + load, 0) / ranks.length;
  const [gpus, nodes] = [ranks.map(() => 1), ranks.map((rank) => rank.node)];
  const starts = [startPlacement(loads, ranks, minHosts), eplbStart(problem)].flatMap((held) =>
    held === undefined ? [] : [{ loads, held, gpus, nodes, minHosts }],
  );
  const reached = starts.map((start) => new ReplicaPacking(start).busiest());
  const start = starts[reached.indexOf(Math.min(...reached))]!;
  const search = { effort, random: randomSource(seed), recounts: true, lowerBound: lowerBound * mean };
  const { packing } = searchPacking(() => start, search);
  if (packing.busiest() <= lowerBound * mean * FAR) return packing.held();
  const further = levelFurther(packing.held(), problem);
  return further.busiest < packing.busiest() ? further.held : packing.held();
}
