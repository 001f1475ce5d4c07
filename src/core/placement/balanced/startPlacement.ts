import { replicateExperts } from "../eplb/replicateExperts.ts";
import type { Rank } from "./ranks.ts";

/**
 * Greedy placement under even split, for searches to start from: replica counts with the least largest share, then heaviest
 * replica first. An expert's first `minHosts` replicas go to the roomiest nodes, which always works out when the nodes have room
 * for them at all; the others go to the least loaded GPU with a free slot.
 * @param loads of the experts, shape [experts]
 * @param ranks places to fill, all slots of them
 * @param minHosts distinct nodes that every expert gets; the nodes have room for them
 * @returns experts on each rank, shape [ranks][replicas]
 */
export function startPlacement(loads: readonly number[], ranks: readonly Rank[], minHosts: number): number[][] {
  const slots = ranks.reduce((sum, rank) => sum + rank.slots, 0);
  const { counts } = replicateExperts(loads, slots, (load, count) => load / count, minHosts);
  const shares = loads.map((load, expert) => load / counts[expert]!);
  const byShare = loads.map((_, expert) => expert).sort((a, b) => shares[b]! - shares[a]! || a - b);

  const free = ranks.map((rank) => rank.slots);
  const rankLoads = ranks.map(() => 0);
  const held: number[][] = ranks.map(() => []);
  const put = (expert: number, rank: number) => {
    held[rank]!.push(expert);
    free[rank]!--;
    rankLoads[rank]! += shares[expert]!;
  };
  const leastLoaded = (candidates: readonly number[]) =>
    candidates.reduce((best, rank) => (free[rank]! > 0 && (best < 0 || rankLoads[rank]! < rankLoads[best]!) ? rank : best), -1);

  const everyRank = ranks.map((_, rank) => rank);
  // A single host can be any: only several distinct ones need the roomiest nodes.
  const spread = minHosts > 1 ? minHosts : 0;
  if (spread > 0) {
    const nodeIds = [...new Set(ranks.map((rank) => rank.node))];
    const nodes = nodeIds.map((node) => everyRank.filter((rank) => ranks[rank]!.node === node));
    const sum = (values: readonly number[], members: readonly number[]) => members.reduce((all, rank) => all + values[rank]!, 0);
    for (const expert of byShare) {
      const roomiest = nodes
        .map((members) => ({ members, room: sum(free, members), load: sum(rankLoads, members) }))
        .sort((a, b) => b.room - a.room || a.load - b.load);
      for (const { members } of roomiest.slice(0, spread)) put(expert, leastLoaded(members));
    }
  }
  for (const expert of byShare) for (let copy = spread; copy < counts[expert]!; copy++) put(expert, leastLoaded(everyRank));

  return held;
}
