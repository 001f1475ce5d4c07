/** Which ranks can compute the tokens of an expert. */
import { Infeasible } from "../layout/infeasible.ts";
import type { Routing } from "./routing.ts";

/** Replicas of each expert on each rank: per expert a list of [rank, copies], ranks ascending. */
export type ReplicasByRank = readonly (readonly (readonly [rank: number, copies: number])[])[];

/**
 * Checks that replicas fit a routing.
 * @throws RangeError when an expert with tokens has no replica, or shapes do not match
 */
export function checkReplicas(routing: Routing, loads: Float64Array, replicas: ReplicasByRank): void {
  if (replicas.length !== routing.experts) {
    throw new RangeError(`the placement has ${replicas.length} experts, the routing ${routing.experts}`);
  }
  replicas.forEach((hosts, expert) => {
    if (hosts.length === 0 && loads[expert]! > 0) throw new Infeasible(`expert ${expert} has tokens but no replica`);
    const last = hosts.at(-1);
    if (last && last[0] >= routing.ranks) {
      throw new RangeError(`expert ${expert} has a replica on rank ${last[0]}, the routing has ${routing.ranks} ranks`);
    }
  });
}
