/** How far tokens go: to their own rank, node or domain, or beyond. */
import { balancedDispatch } from "../dispatch/balancedDispatch.ts";
import { lazarusDispatch } from "../dispatch/lazarusDispatch.ts";
import { rankGroups } from "../dispatch/rankGroups.ts";
import { evenRouting } from "../dispatch/routing.ts";
import { summarizeDispatch } from "../dispatch/summary.ts";
import { type ClusterNode, totalGpus, withLiveGpus } from "../layout/cluster.ts";
import { type Placement, replicasByRank } from "../layout/placement.ts";
import type { Shares } from "../placement/policy.ts";

/** Shares of all tokens by the nearest tier that holds source and target; they sum to 1. */
export interface Traffic {
  readonly rank: number;
  readonly node: number;
  readonly domain: number;
  readonly remote: number;
}

/**
 * Traffic of all layers when every rank routes alike, with the dispatch that `dispatch-plan` chooses for these shares; nothing
 * without tokens.
 */
export function trafficByTier(placement: Placement, shares: Shares): Traffic | undefined {
  const cluster = withLiveGpus(placement.cluster);
  const ranks = totalGpus(cluster);
  const levels = rankGroups(cluster);
  const tierOf = tiers(cluster);
  const tokens = [0, 0, 0, 0];
  for (const layer of placement.layers) {
    const replicas = replicasByRank(cluster, layer, placement.spilled);
    const routing = evenRouting(layer.loads, ranks);
    const dispatch = shares === "even" ? lazarusDispatch(routing, replicas) : balancedDispatch(routing, replicas, levels);
    const { sent } = summarizeDispatch(dispatch);
    for (let at = 0; at < sent.length; at++) tokens[tierOf[at]!]! += sent[at]!;
  }
  const total = tokens.reduce((sum, count) => sum + count, 0);
  if (total === 0) return undefined;
  const [rank, node, domain, remote] = tokens.map((count) => count / total);
  return { rank: rank!, node: node!, domain: domain!, remote: remote! };
}

/** 0 to 3 for each pair of ranks: one rank, one node, one domain, neither; shape [ranks * ranks]. */
function tiers(cluster: readonly ClusterNode[]): Uint8Array {
  const nodeOf = cluster.flatMap((node, n) => new Array<number>(node.gpus).fill(n));
  const ranks = nodeOf.length;
  return Uint8Array.from({ length: ranks * ranks }, (_, at) => {
    const [from, to] = [Math.floor(at / ranks), at % ranks];
    const [one, other] = [nodeOf[from]!, nodeOf[to]!];
    if (from === to) return 0;
    if (one === other) return 1;
    const { domain } = cluster[one]!;
    return domain !== undefined && domain === cluster[other]!.domain ? 2 : 3;
  });
}
