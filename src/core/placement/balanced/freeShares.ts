import { constructHosts } from "./constructHosts.ts";
import { freeBalance } from "./freeBalance.ts";
import type { RankProblem } from "./rankProblem.ts";
import { releaseCaptives } from "./releaseCaptives.ts";
import { startPlacement } from "./startPlacement.ts";

/**
 * Hosts for a dispatcher that decides the shares, so that the busiest GPU need carry as little as possible. The construction is
 * taken where it reaches the lower bound, and where GPUs have equal slots and any host will do (what it leaves open
 * then is a matter of which experts go together, which it has searched). Otherwise hosts are searched from it and from a greedy
 * placement, and the best of all is taken (heuristic).
 * @returns experts on each GPU, all slots used, shape [ranks][replicas]
 */
export function freeShares(problem: RankProblem): number[][] {
  const { loads, ranks, minHosts, lowerBound } = problem;
  const constructed = constructHosts(problem);
  const alike = ranks.every((rank) => rank.slots === ranks[0]!.slots);
  if (constructed !== undefined) {
    if (alike && minHosts === 1) return constructed;
    if (freeBalance(constructed, loads).maxOverMean <= lowerBound * (1 + 1e-12)) return constructed;
  }
  const starts = [startPlacement(loads, ranks, minHosts)];
  if (constructed !== undefined) starts.unshift(constructed);
  const searched = starts.map((start) => releaseCaptives(start, problem));
  const reached = searched.map((held) => freeBalance(held, loads).maxOverMean);
  return searched[reached.indexOf(Math.min(...reached))]!;
}
