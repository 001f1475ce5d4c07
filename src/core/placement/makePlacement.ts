/** From loads to a placement, by the policy that the user names. */
import type { ClusterNode } from "../cluster.ts";
import { hostSets, type LayerLoads, type LayerPlacement, type Placement } from "../placement.ts";
import type { Effort } from "./balanced/efforts.ts";
import { placeBalanced } from "./balanced/placeBalanced.ts";
import { placeEplb } from "./eplb/placeEplb.ts";
import { type allocationPolicies, placeLayers, type placementPolicies } from "./placeLayers.ts";

/** Names of the placement policies. */
export type PlacementPolicyName = "balanced" | "eplb" | keyof typeof placementPolicies;

/** Names of the allocation policies. */
export type AllocationPolicyName = keyof typeof allocationPolicies;

/** How a placement is to be made. */
export interface Policy {
  readonly placement: PlacementPolicyName;
  /** For the policies that allocate and place apart: mro, spread, compact. */
  readonly allocation: AllocationPolicyName;
  /** Copies that every expert should have at least (f in the paper). */
  readonly minReplicas: number;
  readonly seed: number;
  /** Probability that a node fails, independently of the others. */
  readonly failureProbability: number;
  /** How replicas share tokens, with `balanced`: evenly, or as the dispatcher likes. */
  readonly shares?: "even" | "free" | undefined;
  /** How long to search, with `balanced`. */
  readonly effort?: Effort | undefined;
  /** Expert groups that hierarchical EPLB keeps together. */
  readonly groups?: number | undefined;
}

/** A placement and what became of the policy's wishes. */
export interface MadePlacement extends Placement {
  /** Nodes that every expert has: `minReplicas`, or fewer where the slots, or the policy, give no more. */
  readonly keptMinReplicas: number;
}

/**
 * Places all layers on a cluster.
 * @throws RangeError when a layer has more experts than the cluster has slots, or the policy cannot place on such a cluster
 */
export function makePlacement(cluster: readonly ClusterNode[], layers: readonly LayerLoads[], policy: Policy): MadePlacement {
  const placed = placeBy(cluster, layers, policy);
  const fewest = Math.min(...placed.flatMap((layer) => hostSets(layer).map((hosts) => hosts.length)));
  return { cluster, layers: placed, keptMinReplicas: Math.min(policy.minReplicas, fewest) };
}

function placeBy(cluster: readonly ClusterNode[], layers: readonly LayerLoads[], policy: Policy): LayerPlacement[] {
  const { placement } = policy;
  if (placement === "balanced") {
    const { shares = "free", effort = "normal" } = policy;
    return placeBalanced({ ...policy, cluster, layers, shares, effort }).layers;
  }
  if (placement === "eplb") return placeEplb({ cluster, layers, groups: policy.groups ?? 1 });
  return placeLayers({ ...policy, placement, cluster, layers }).layers;
}

/** How the dispatcher is to share an expert's tokens among its replicas under a policy. */
export function sharesOf({ placement, shares = "free" }: Policy): "even" | "free" {
  return placement === "balanced" ? shares : "even";
}
