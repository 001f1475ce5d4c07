import type { ClusterNode } from "../layout/cluster.ts";

/** Groups of nodes that fail as one. */
export interface FailureDomains {
  /** Domain of each node, in [0, count), shape [nodes]. */
  readonly domainOf: readonly number[];
  readonly count: number;
}

/** The failure domains of a cluster in order of first appearance; a node without a domain is one by itself. */
export function failureDomains(cluster: readonly ClusterNode[]): FailureDomains {
  const numbers = new Map<string, number>();
  let count = 0;
  const domainOf = cluster.map(({ domain }) => {
    if (domain === undefined) return count++;
    const known = numbers.get(domain);
    if (known !== undefined) return known;
    numbers.set(domain, count);
    return count++;
  });
  return { domainOf, count };
}

/**
 * The domains that hold each expert, so that every figure of recovery can be had for failing domains: `k` failures are then
 * `k` domains.
 * @returns domain sets, ascending, in the order of the host sets
 */
export function hostDomains(hostSets: readonly (readonly number[])[], { domainOf }: FailureDomains): number[][] {
  return hostSets.map((set) => [...new Set(set.map((node) => domainOf[node]!))].sort((a, b) => a - b));
}
