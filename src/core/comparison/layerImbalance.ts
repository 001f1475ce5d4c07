/** How uneven a layer's ranks are under loads that change from step to step while the replicas stay. */
import { checkChoice } from "../algorithms/checkChoice.ts";
import { type ClusterNode, totalGpus, withLiveGpus } from "../layout/cluster.ts";
import { type LayerPlacement, replicasByRank } from "../layout/placement.ts";
import type { Shares } from "../placement/policy.ts";
import { LeastMaximum } from "./leastMaximum.ts";
import type { Shareable } from "./shareGroups.ts";

/**
 * Who shares the tokens of a step among the copies of their expert:
 * - `even`: every copy takes the same, as vLLM and EPLB assume;
 * - `lplb`: the copies on a node share what is theirs by a linear program over each step's loads, the nodes evenly, as DeepSeek's LPLB
 *   does, which solves for each group of GPUs alone;
 * - `optimal`: a linear program over all copies, as in `balanced` dispatch and SGLang's `--ep-dispatch-algorithm lp`: none can do better.
 */
export const DISPATCHERS = ["even", "lplb", "optimal"] as const;
export type Dispatcher = (typeof DISPATCHERS)[number];

/** The dispatcher that shares are those of. */
export function dispatcherOf(shares: Shares): Dispatcher {
  return shares === "even" ? "even" : "optimal";
}

/** Load of the busiest live rank over the mean, for tokens of each expert, shape [experts]; 1 without tokens. */
export type Imbalance = (loads: Float64Array) => number;

/**
 * Prepares a layer: with even shares an iteration then costs one pass over the copies, otherwise a flow from the shares of the
 * iteration before, which is exact. Experts without a slot count for nothing, as in `assess`.
 */
export function layerImbalance(nodes: readonly ClusterNode[], layer: LayerPlacement, dispatcher: Dispatcher): Imbalance {
  checkChoice("dispatcher", dispatcher ?? null, DISPATCHERS);
  const cluster = withLiveGpus(nodes);
  const ranks = totalGpus(cluster);
  const hosts = replicasByRank(cluster, layer);
  if (dispatcher === "even") return evenImbalance(hosts, ranks);
  const shareables = dispatcher === "lplb" ? sharedWithinNodes(hosts, cluster) : sharedByAll(hosts);
  const least = new LeastMaximum(shareables, ranks);
  return (loads) => least.overMean(loads);
}

type Hosts = ReturnType<typeof replicasByRank>;

function evenImbalance(hosts: Hosts, ranks: number): Imbalance {
  const entries = hosts.flatMap((list, expert) => {
    const copies = copiesOn(list);
    return list.map(([rank, count]) => ({ expert, rank, share: count / copies }));
  });
  const expert = Int32Array.from(entries, (entry) => entry.expert);
  const rank = Int32Array.from(entries, (entry) => entry.rank);
  const share = Float64Array.from(entries, (entry) => entry.share);
  const load = new Float64Array(ranks);
  return (loads) => {
    load.fill(0);
    for (let i = 0; i < expert.length; i++) load[rank[i]!]! += share[i]! * loads[expert[i]!]!;
    let most = 0;
    let total = 0;
    for (let r = 0; r < ranks; r++) {
      total += load[r]!;
      if (load[r]! > most) most = load[r]!;
    }
    return total === 0 ? 1 : Math.max(1, (most * ranks) / total);
  };
}

function sharedByAll(hosts: Hosts): Shareable[] {
  return hosts.flatMap((list, expert) => (list.length === 0 ? [] : [{ expert, part: 1, ranks: list.map(([rank]) => rank) }]));
}

function sharedWithinNodes(hosts: Hosts, cluster: readonly ClusterNode[]): Shareable[] {
  const nodeOf = cluster.flatMap((node, n) => new Array<number>(node.gpus).fill(n));
  return hosts.flatMap((list, expert) => {
    const copies = copiesOn(list);
    const nodes = [...new Set(list.map(([rank]) => nodeOf[rank]!))];
    return nodes.map((node) => {
      const own = list.filter(([rank]) => nodeOf[rank] === node);
      return { expert, part: copiesOn(own) / copies, ranks: own.map(([rank]) => rank) };
    });
  });
}

function copiesOn(list: Hosts[number]): number {
  return list.reduce((sum, [, count]) => sum + count, 0);
}
