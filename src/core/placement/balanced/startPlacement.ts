import { LowestFirst } from "../eplb/lowestFirst.ts";
import { replicateExperts } from "../eplb/replicateExperts.ts";
import { fillSpareSlots } from "./fillSpareSlots.ts";
import type { Rank } from "./ranks.ts";

/**
 * Greedy placement under even split, for searches to start from: replica counts with the least largest share, then heaviest
 * replica first. An expert's first `minHosts` replicas go to the roomiest nodes, which always works out when the nodes have room
 * for them at all; the others go to the least loaded GPU with a free slot that does not hold the expert. Slots that this leaves
 * (GPUs may differ) go to what fits.
 * @param loads of the experts, shape [experts]
 * @param ranks places to fill, all slots of them, none with more slots than there are experts
 * @param minHosts distinct nodes that every expert gets; the nodes have room for them
 * @returns experts on each rank, none twice, shape [ranks][replicas]
 */
export function startPlacement(loads: readonly number[], ranks: readonly Rank[], minHosts: number): number[][] {
  const slots = ranks.reduce((sum, rank) => sum + rank.slots, 0);
  // Nobody has more copies than there are GPUs.
  const shareOf = (load: number, count: number) => (count < ranks.length ? load / count : -1);
  const { counts } = replicateExperts(loads, slots, shareOf, minHosts);
  const shares = loads.map((load, expert) => load / counts[expert]!);
  const byShare = loads.map((_, expert) => expert).sort((a, b) => shares[b]! - shares[a]! || a - b);

  const free = ranks.map((rank) => rank.slots);
  const rankLoads = new Float64Array(ranks.length);
  const held: number[][] = ranks.map(() => []);
  const put = (expert: number, rank: number) => {
    held[rank]!.push(expert);
    free[rank]!--;
    rankLoads[rank]! += shares[expert]!;
  };

  // A single host can be any: only several distinct ones need the roomiest nodes.
  const spread = minHosts > 1 ? minHosts : 0;
  if (spread > 0) putOnRoomiestNodes(byShare, ranks, spread, free, rankLoads, put);
  const lightest = new LowestFirst(rankLoads, (rank) => free[rank]! > 0);
  for (const expert of byShare) {
    const taken: number[] = [];
    for (let copy = spread; copy < counts[expert]! && lightest.size > 0; ) {
      const rank = lightest.first();
      lightest.removeFirst();
      taken.push(rank);
      if (spread > 0 && held[rank]!.includes(expert)) continue;
      put(expert, rank);
      copy++;
    }
    for (const rank of taken) if (free[rank]! > 0) lightest.insert(rank);
  }
  fillSpareSlots(held, loads, ranks, minHosts);
  return held;
}

/** Every expert on so many nodes, those with the most free slots, the least loaded among equals; there on the least loaded GPU. */
function putOnRoomiestNodes(
  experts: readonly number[],
  ranks: readonly Rank[],
  hosts: number,
  free: readonly number[],
  rankLoads: Float64Array,
  put: (expert: number, rank: number) => void,
): void {
  const members: number[][] = [];
  ranks.forEach(({ node }, rank) => {
    while (members.length <= node) members.push([]);
    members[node]!.push(rank);
  });
  const room = members.map((own) => own.reduce((sum, rank) => sum + free[rank]!, 0));
  const load = members.map(() => 0);
  for (const expert of experts) {
    const chosen: number[] = [];
    for (let host = 0; host < hosts; host++) {
      let best = -1;
      for (let node = 0; node < room.length; node++) {
        if (chosen.includes(node)) continue;
        if (best < 0 || room[node]! > room[best]! || (room[node] === room[best] && load[node]! < load[best]!)) best = node;
      }
      chosen.push(best);
      const rank = members[best]!.reduce(
        (least, own) => (free[own]! > 0 && (least < 0 || rankLoads[own]! < rankLoads[least]!) ? own : least),
        -1,
      );
      const before = rankLoads[rank]!;
      put(expert, rank);
      room[best]!--;
      load[best]! += rankLoads[rank]! - before;
    }
  }
}
