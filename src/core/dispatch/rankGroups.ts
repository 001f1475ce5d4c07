/** How near two ranks are: on one node, in one domain, or neither. */
import { type ClusterNode, totalGpus } from "../layout/cluster.ts";

/**
 * Partitions of the ranks, finest first: the ranks themselves, then nodes, then failure domains; shape [levels][ranks], group
 * numbers from 0. A level that groups nothing further, or everything, is left out. Nodes without a domain are their own.
 */
export function rankGroups(cluster: readonly ClusterNode[]): Int32Array[] {
  const ranks = totalGpus(cluster);
  const byNode = cluster.flatMap((node, n) => new Array<number>(node.gpus).fill(n));
  const domains = cluster.map(({ domain }, n) =>
    domain === undefined ? n : cluster.findIndex((other) => other.domain === domain),
  );
  const levels = [Int32Array.from({ length: ranks }, (_, rank) => rank)];
  for (const groupOf of [byNode, byNode.map((n) => domains[n]!)]) {
    const numbers = new Map<number, number>();
    const level = Int32Array.from(groupOf, (group) => {
      if (!numbers.has(group)) numbers.set(group, numbers.size);
      return numbers.get(group)!;
    });
    const finer = new Set(levels.at(-1)).size;
    if (numbers.size < finer && numbers.size > 1) levels.push(level);
  }
  return levels;
}
