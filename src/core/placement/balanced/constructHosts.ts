import { fillSpareSlots } from "./fillSpareSlots.ts";
import type { RankProblem } from "./rankProblem.ts";
import type { Rank } from "./ranks.ts";
import { sharingParts } from "./sharingParts.ts";
import { wrapAround } from "./wrapAround.ts";

/**
 * Hosts that let a dispatcher with free shares even out the GPUs, by construction.
 *
 * Ranks that can even out among themselves form a connected part of the graph of experts and ranks, and x experts on y ranks need
 * x + y - 1 slots for that. With experts + ranks - 1 slots all ranks are one part, and balance is exact. With fewer, the ranks
 * fall into as few parts as the slots allow; which expert goes to which part is searched (heuristic), and each part is
 * exact in itself. Slots left over go to further hosts.
 * @returns experts on each GPU, all slots used, shape [ranks][replicas]; undefined when some expert is left with fewer than
 *   `minHosts` hosts
 */
export function constructHosts(problem: RankProblem): number[][] | undefined {
  const { loads, ranks, minHosts } = problem;
  const held: number[][] = ranks.map(() => []);
  for (const part of sharingParts(problem, interleaveNodes(ranks))) {
    const slots = levelled(
      part.ranks.map((r) => ranks[r]!.slots),
      part.experts.length + part.ranks.length - 1,
    );
    wrapAround(loads, part.experts, slots).forEach((experts, i) => {
      held[part.ranks[i]!] = experts;
    });
  }
  return fillSpareSlots(held, loads, ranks, minHosts) ? held : undefined;
}

/** Ranks in an order in which neighbours are on different nodes, so that an expert cut between two has two hosts. */
function interleaveNodes(ranks: readonly Rank[]): number[] {
  const seen = new Map<number, number>();
  const turns = ranks.map(({ node }) => {
    const turn = seen.get(node) ?? 0;
    seen.set(node, turn + 1);
    return turn;
  });
  return ranks.map((_, r) => r).sort((a, b) => turns[a]! - turns[b]! || a - b);
}

/** Slots cut down to one level that still leaves `needed` of them, so that every rank keeps slots for further hosts. */
function levelled(slots: readonly number[], needed: number): number[] {
  let level = 1;
  while (slots.reduce((sum, count) => sum + Math.min(count, level), 0) < needed) level++;
  return slots.map((count) => Math.min(count, level));
}
