/** What a balance limit asks of a mixture, before anything is placed. */
import type { RankSlots } from "../ranks/rankSlots.ts";
import type { Mixture } from "./mixtures.ts";

/**
 * Slots that a layer needs at least in a mixture within a balance limit: an expert has the hosts of its cell, and a copy for each
 * rank that it would fill to the limit. At its least when experts with more tokens are in cells with more hosts, as the larger of
 * hosts and copies is submodular.
 * @param loads tokens of each expert, those with most first, shape [experts]; at most as many as the mixture holds
 * @param limit on the busiest rank over the mean
 */
export function leastSlots({ cells, capacity }: Mixture, loads: readonly number[], slots: RankSlots, limit: number): number {
  const most = (limit * loads.reduce((sum, load) => sum + load, 0)) / slots.nodeOfRank.length;
  const rooms = cells
    .map(({ blocks, capacity: room }) => {
      const nodes = blocks.reduce((sum, block) => sum + block.length, 0);
      return { room, hosts: blocks.length === 1 ? nodes : nodes - Math.max(...blocks.map((block) => block.length)) };
    })
    .sort((a, b) => b.hosts - a.hosts);
  let unused = capacity - loads.length;
  let expert = 0;
  let sum = 0;
  for (const { room, hosts } of rooms) {
    const spared = Math.min(unused, room);
    unused -= spared;
    for (let held = spared; held < room; held++, expert++) sum += Math.max(hosts, copiesFor(loads[expert]!, most));
  }
  return sum;
}

/** Copies without which a rank would take more than it may. */
function copiesFor(load: number, most: number): number {
  return load <= most ? 1 : Math.ceil((load / most) * (1 - Number.EPSILON * 8));
}
