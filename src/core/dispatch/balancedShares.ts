/** How many tokens of each expert every host computes when nothing else limits the dispatch. */
import { leastMaximumLoad } from "./leastMaximumLoad.ts";
import { nearestShares } from "./nearestShares.ts";
import { checkReplicas, type ReplicasByRank } from "./replicas.ts";
import { expertLoads, type Routing } from "./routing.ts";

/** Tokens that the hosts of each expert compute. */
export interface BalancedShares {
  /** Ranks that hold each expert, ascending, shape [experts][hosts]. */
  readonly hosts: readonly (readonly number[])[];
  /** Whole numbers that sum to the expert's tokens, shape [experts][hosts]. */
  readonly tokens: readonly Float64Array[];
}

/**
 * Shares under which the busiest rank computes as few tokens as the placement allows and, among these, as few tokens as can
 * be leave their rank; among these as few as can be leave their node, and then their domain. Exact in all stages. How
 * many copies of an expert a rank holds does not matter.
 * @param levels partitions of the ranks, finest first, as `rankGroups` gives them
 * @param maxSlack how far, as a fraction of the least possible maximum, a rank's load may exceed it to save traffic
 * @throws RangeError when an expert with tokens has no replica, shapes do not match or the slack is negative
 */
export function balancedShares(
  routing: Routing,
  replicas: ReplicasByRank,
  levels: readonly Int32Array[],
  maxSlack: number,
): BalancedShares {
  if (!(maxSlack >= 0)) throw new RangeError(`maxSlack must not be negative, got ${maxSlack}`);
  const loads = expertLoads(routing);
  checkReplicas(routing, loads, replicas);
  const hosts = replicas.map((list) => list.map(([rank]) => rank));
  const limit = Math.floor(leastMaximumLoad(loads, hosts, routing.ranks) * (1 + maxSlack));
  return { hosts, tokens: nearestShares(routing, loads, hosts, limit, levels) };
}
