/** Token dispatch at the optimum: the least possible load of the busiest rank, then the least traffic. */
import { balancedShares } from "./balancedShares.ts";
import { DispatchBuilder, type LayerDispatch } from "./layerDispatch.ts";
import { NearestServer } from "./nearestServer.ts";
import type { ReplicasByRank } from "./replicas.ts";
import type { Routing } from "./routing.ts";

/**
 * Dispatches one layer by its `balancedShares`, each source to the nearest hosts.
 * @param levels partitions of the ranks, finest first, as `rankGroups` gives them
 * @param maxSlack how far, as a fraction of the least possible maximum, a rank's load may exceed it to save traffic
 * @returns entries by expert, source and target, all ascending
 * @throws RangeError when an expert with tokens has no replica, shapes do not match or the slack is negative
 */
export function balancedDispatch(
  routing: Routing,
  replicas: ReplicasByRank,
  levels: readonly Int32Array[],
  maxSlack = 0,
): LayerDispatch {
  const { experts, ranks } = routing;
  const shares = balancedShares(routing, replicas, levels, maxSlack);
  const dispatch = new DispatchBuilder(ranks, routing.tokens.length);
  const server = new NearestServer(ranks, levels);
  for (let expert = 0; expert < experts; expert++) {
    const tokens = routing.tokens.subarray(expert * ranks, (expert + 1) * ranks);
    server.serve(dispatch, expert, tokens, shares.hosts[expert]!, shares.tokens[expert]!);
  }
  return dispatch.build();
}
