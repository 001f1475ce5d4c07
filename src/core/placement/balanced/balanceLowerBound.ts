import { replicateExperts } from "../eplb/replicateExperts.ts";
import type { Rank } from "./ranks.ts";

/**
 * What no placement of a layer can beat, with even or free shares: load of the busiest GPU over the mean. The greatest of
 * - the largest share that the best replica counts leave, for some GPU carries it, and
 * - the level at which all tokens fit on the GPUs when none takes more than its number of slots of heaviest experts.
 * @param loads tokens of each expert, shape [experts]
 * @param minReplicas copies that every expert has
 */
export function balanceLowerBound(loads: readonly number[], ranks: readonly Rank[], minReplicas: number): number {
  const total = loads.reduce((sum, load) => sum + load, 0);
  if (total === 0) return 1;
  const slots = ranks.reduce((sum, rank) => sum + rank.slots, 0);
  const { counts } = replicateExperts(loads, slots, (load, count) => load / count, minReplicas);
  const largestShare = loads.reduce((most, load, expert) => Math.max(most, load / counts[expert]!), 0);
  const ascending = [...loads].sort((a, b) => a - b);
  // Without a slot to spare every GPU is full of whole experts, and the heaviest one has company.
  const fewest = ranks.reduce((least, rank) => Math.min(least, Math.max(rank.slots, 1)), Infinity);
  const company = slots > loads.length ? [] : ascending.slice(0, fewest - 1);
  const heaviest = company.reduce((sum, load) => sum + load, largestShare);
  return (Math.max(heaviest, fillingLevel(ascending, ranks, total)) * ranks.length) / total;
}

/** Load of the busiest GPU when every GPU may take as many of the heaviest experts as it has slots, and all tokens are taken. */
function fillingLevel(ascending: readonly number[], ranks: readonly Rank[], total: number): number {
  const heaviestFirst = [0];
  for (const load of [...ascending].reverse()) heaviestFirst.push(heaviestFirst.at(-1)! + load);
  const most = ranks.map((rank) => heaviestFirst[Math.min(rank.slots, ascending.length)]!).sort((a, b) => a - b);
  let left = total;
  for (const [below, limit] of most.entries()) {
    const level = left / (most.length - below);
    if (limit >= level) return level;
    left -= limit;
  }
  return 0;
}
