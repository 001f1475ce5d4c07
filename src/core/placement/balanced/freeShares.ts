import { randomSource } from "../../algorithms/random.ts";
import { constructHosts } from "./constructHosts.ts";
import { effortsUpTo } from "./efforts.ts";
import { eplbStart } from "./eplbStart.ts";
import { evenSplit } from "./evenSplit.ts";
import { freeBalance } from "./freeBalance.ts";
import type { RankProblem } from "./rankProblem.ts";
import { searchFree } from "./searchFree.ts";

/** Experts on each GPU, none twice, all slots used, and what they let the busiest GPU come down to. */
interface FreeShares {
  /** Shape [ranks][replicas]. */
  readonly held: number[][];
  /** Least possible load of the busiest GPU over the mean. */
  readonly maxOverMean: number;
}

/**
 * Hosts for a dispatcher that decides the shares, so that the busiest GPU need carry as little as possible. The construction is
 * taken where it reaches the lower bound. Otherwise the best of it, EPLB's placement and the plan for even shares is improved
 * by search, effort by effort from the least one (heuristic): more effort is never worse, and nothing is worse than these.
 */
export function freeShares(problem: RankProblem): FreeShares {
  const { loads, ranks, lowerBound } = problem;
  const slots = ranks.reduce((sum, rank) => sum + rank.slots, 0);
  const alike = ranks.every((rank) => rank.slots === ranks[0]!.slots);
  let best: number[][] | undefined;
  let least = Infinity;
  const consider = (held: number[][] | undefined) => {
    if (held === undefined) return;
    const { maxOverMean } = freeBalance(held, loads);
    if (maxOverMean >= least) return;
    best = held;
    least = maxOverMean;
  };
  const random = randomSource(problem.seed);
  for (const effort of effortsUpTo(problem.effort)) {
    const stage = { ...problem, effort };
    const constructed = constructHosts(stage);
    // Then all GPUs share one part, and no flow need tell that they are level; further hosts change nothing in that.
    if (constructed !== undefined && alike && slots >= loads.length + ranks.length - 1)
      return { held: constructed, maxOverMean: 1 };
    consider(constructed);
    if (least <= lowerBound * (1 + 1e-12)) break;
    if (best === undefined || effort === "fast") consider(eplbStart(problem));
    consider(evenSplit(stage));
    consider(searchFree(best!, stage, random));
    if (least <= lowerBound * (1 + 1e-12)) break;
  }
  return { held: best!, maxOverMean: least };
}
