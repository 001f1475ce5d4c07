/** From loads to a placement, by the policy that the user names. */
import type { ClusterNode } from "../cluster.ts";
import type { LayerLoads, Placement } from "../placement.ts";
import { type allocationPolicies, placeLayers, type placementPolicies } from "./placeLayers.ts";

/** Names of the placement policies. */
export type PlacementPolicyName = keyof typeof placementPolicies;

/** Names of the allocation policies. */
export type AllocationPolicyName = keyof typeof allocationPolicies;

/** How a placement is to be made. */
export interface Policy {
  readonly placement: PlacementPolicyName;
  readonly allocation: AllocationPolicyName;
  /** Copies that every expert should have at least (f in the paper). */
  readonly minReplicas: number;
  readonly seed: number;
  /** Probability that a node fails, independently of the others. */
  readonly failureProbability: number;
}

/** A placement and what became of the policy's wishes. */
export interface MadePlacement extends Placement {
  /** Copies that every expert has: `minReplicas`, or fewer when the slots do not hold that many. */
  readonly keptMinReplicas: number;
}

/**
 * Places all layers on a cluster.
 * @throws RangeError when a layer has more experts than the cluster has slots
 */
export function makePlacement(cluster: readonly ClusterNode[], layers: readonly LayerLoads[], policy: Policy): MadePlacement {
  const placed = placeLayers({ cluster, layers, ...policy });
  return { cluster, layers: placed.layers, keptMinReplicas: placed.minReplicas };
}
