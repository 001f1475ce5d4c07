import { efforts } from "./efforts.ts";
import { freeBalance } from "./freeBalance.ts";
import type { RankProblem } from "./rankProblem.ts";
import { ReplicaPacking } from "./replicaPacking.ts";

/**
 * Lowers the least possible load of the busiest GPU under free shares: as long as some GPUs hold too much load that cannot go
 * elsewhere, an expert captive there gets a host outside, in place of a replica that can be spared or in exchange for one. Moves
 * that make it worse are taken back.
 * @param start experts on each GPU, shape [ranks][replicas]
 * @returns the same with other hosts
 */
export function releaseCaptives(start: readonly number[][], problem: RankProblem): number[][] {
  const { loads, ranks, minHosts, lowerBound, effort, random } = problem;
  const nodes = ranks.map((rank) => rank.node);
  const packing = new ReplicaPacking({ loads, held: start, gpus: ranks.map(() => 1), nodes, minHosts });
  const replicas = packing.experts.length;
  let current = freeBalance(start, loads);
  for (let move = 0; move < efforts[effort].releases && current.maxOverMean > lowerBound * (1 + 1e-12); move++) {
    const binding = new Set(current.binding);
    const outside = Array.from(packing.bins, (rank) => !binding.has(rank));
    const captive = loads.map((load) => load > 0);
    packing.experts.forEach((expert, replica) => {
      if (outside[replica]) captive[expert] = false;
    });
    const a = next(random.below(replicas), replicas, (replica) => captive[packing.experts[replica]!]!);
    const b = next(random.below(replicas), replicas, (replica) => outside[replica]!);
    const added = packing.experts[a]!;
    const removed = packing.experts[b]!;
    const spared = packing.recountCost(b, added) < Infinity;
    if (!spared && packing.swapCost(a, b) === Infinity) continue;
    if (spared) packing.recount(b, added);
    else packing.swap(a, b);
    const changed = freeBalance(packing.held(), loads);
    if (changed.maxOverMean <= current.maxOverMean) current = changed;
    else if (spared) packing.recount(b, removed);
    else packing.swap(a, b);
  }
  return packing.held();
}

/** The first replica from `start` on, round and round, that passes; one must. */
function next(start: number, replicas: number, passes: (replica: number) => boolean): number {
  let replica = start;
  while (!passes(replica)) replica = (replica + 1) % replicas;
  return replica;
}
