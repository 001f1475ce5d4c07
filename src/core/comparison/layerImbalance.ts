/** How uneven a layer's ranks are under loads that change from step to step while the replicas stay. */
import { optimalBalance } from "../balance/optimalBalance.ts";
import { freeRankBalance } from "../balance/rankBalance.ts";
import { type ClusterNode, totalGpus, withLiveGpus } from "../layout/cluster.ts";
import { type LayerPlacement, replicasByRank } from "../layout/placement.ts";
import type { Shares } from "../placement/policy.ts";

/** Load of the busiest live rank over the mean, for tokens of each expert, shape [experts]; 1 without tokens. */
export type Imbalance = (loads: Float64Array) => number;

/**
 * Prepares a layer: with even shares an iteration then costs one pass over the copies, with free ones a search for
 * shares, to a relative gap of 1e-6 on more than a dozen ranks (see `freeRankBalance`). Experts without a slot count for nothing, as in `assess`.
 */
export function layerImbalance(nodes: readonly ClusterNode[], layer: LayerPlacement, shares: Shares): Imbalance {
  const cluster = withLiveGpus(nodes);
  const hosts = replicasByRank(cluster, layer);
  return shares === "even" ? evenImbalance(hosts, totalGpus(cluster)) : freeImbalance(hosts, totalGpus(cluster));
}

type Hosts = ReturnType<typeof replicasByRank>;

function evenImbalance(hosts: Hosts, ranks: number): Imbalance {
  const entries = hosts.flatMap((list, expert) => {
    const copies = list.reduce((sum, [, count]) => sum + count, 0);
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

/** Most ranks for which looking at all sets of them is quicker than water-filling. */
const ENUMERATED_RANKS = 12;

function freeImbalance(hosts: Hosts, ranks: number): Imbalance {
  const sets = hosts.map((list) => list.map(([rank]) => rank));
  const each = new Array<number>(ranks).fill(1);
  const hosted = new Array<number>(sets.length);
  return (loads) => {
    for (let expert = 0; expert < hosted.length; expert++) hosted[expert] = sets[expert]!.length === 0 ? 0 : loads[expert]!;
    if (ranks <= ENUMERATED_RANKS) return optimalBalance(sets, hosted, each).maxOverMean;
    return freeRankBalance(sets, hosted, ranks).maxOverMean;
  };
}
