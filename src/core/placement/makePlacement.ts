/** From loads to a placement, by the policy that the user names. */

import type { TrainingCosts } from "../cost/trainingCosts.ts";
import type { ClusterNode } from "../layout/cluster.ts";
import { hostSets, type LayerLoads, type LayerPlacement, type Placement } from "../layout/placement.ts";
import type { Effort } from "./balanced/efforts.ts";
import { placeBalanced } from "./balanced/placeBalanced.ts";
import { placeEplb } from "./eplb/placeEplb.ts";
import { type allocationPolicies, placeLayers, type placementPolicies } from "./placeLayers.ts";
import { failureUnits } from "./resilient/failureUnits.ts";
import { placeHosts } from "./resilient/placeHosts.ts";
import { resilientHostSets } from "./resilient/resilientHostSets.ts";
import { stepGoalOf } from "./stepGoalOf.ts";

/** Names of the placement policies. */
export type PlacementPolicyName = "resilient" | "balanced" | "eplb" | keyof typeof placementPolicies;

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
  /** How far the busiest node may exceed the mean load, with `resilient`; Infinity for no limit. */
  readonly balanceSlack?: number | undefined;
  /** What fails as one, with `resilient`: nodes, or failure domains. */
  readonly failureUnit?: "node" | "domain" | undefined;
  /** How long to search, with `resilient` and `balanced`. */
  readonly effort?: Effort | undefined;
  /** What `resilient` is after: survival (the default), or goodput, which needs the costs of training and of failures. */
  readonly objective?: "survival" | "goodput" | undefined;
  /** Longest step that objective survival allows `resilient`, over the step of the paper's placement; needs the costs of training. */
  readonly stepBudget?: number | undefined;
  /** What a step costs, where the job is known. */
  readonly training?: TrainingCosts | undefined;
  /** Expert groups that hierarchical EPLB keeps together. */
  readonly groups?: number | undefined;
  /** Is called now and then while `resilient` searches. */
  readonly watch?: (() => void) | undefined;
}

/** A placement and what became of the policy's wishes. */
export interface MadePlacement extends Placement {
  /** Nodes that every expert has: `minReplicas`, or fewer where the slots, or the policy, give no more. */
  readonly keptMinReplicas: number;
  /** Whether the balance limit holds; always, for policies that know none. */
  readonly withinBalanceLimit: boolean;
  /** Whether a step is within its budget; always, where there is none. */
  readonly withinStepBudget: boolean;
}

/** What a policy gives. */
interface Placed {
  readonly layers: LayerPlacement[];
  readonly withinBalanceLimit?: boolean;
  readonly withinStepBudget?: boolean;
}

/**
 * Places all layers on a cluster.
 * @throws RangeError when a layer has more experts than the cluster has slots, or the policy cannot place on such a cluster
 */
export function makePlacement(cluster: readonly ClusterNode[], layers: readonly LayerLoads[], policy: Policy): MadePlacement {
  const placed = placeBy(cluster, layers, policy);
  const fewest = Math.min(...placed.layers.flatMap((layer) => hostSets(layer).map((hosts) => hosts.length)));
  return {
    cluster,
    layers: placed.layers,
    keptMinReplicas: Math.min(policy.minReplicas, fewest),
    withinBalanceLimit: placed.withinBalanceLimit ?? true,
    withinStepBudget: placed.withinStepBudget ?? true,
  };
}

function placeBy(cluster: readonly ClusterNode[], layers: readonly LayerLoads[], policy: Policy): Placed {
  const { placement, effort = "normal", shares = "free", groups = 1 } = policy;
  switch (placement) {
    case "resilient":
      return placeResilient(cluster, layers, policy);
    case "balanced":
      return placeBalanced({ ...policy, cluster, layers, shares, effort });
    case "eplb":
      return { layers: placeEplb({ cluster, layers, groups }) };
    default:
      return placeLayers({ ...policy, placement, cluster, layers });
  }
}

function placeResilient(cluster: readonly ClusterNode[], layers: readonly LayerLoads[], policy: Policy): Placed {
  const { minReplicas, failureProbability, failureUnit = "node", effort = "normal", seed } = policy;
  const balanceSlack = policy.balanceSlack ?? usualBalanceSlack(policy);
  // Without a limit on balance nothing may be worse than these, and the paper's keeps a step budget; with a limit alone they break it.
  const others = [
    ...(policy.stepBudget !== undefined || balanceSlack === Number.POSITIVE_INFINITY ? (["mro"] as const) : []),
    ...(balanceSlack === Number.POSITIVE_INFINITY ? (["spread"] as const) : []),
  ];
  const startFrom = others.map((placement) => placeLayers({ ...policy, placement, cluster, layers }).layers);
  const failureModel = { unit: failureUnit, probability: Math.min(Math.max(failureProbability, 1e-9), 1 - 1e-9) };
  const shouldStop = () => {
    policy.watch?.();
    return false;
  };
  const goal = stepGoalOf(cluster, layers, policy, failureUnits(cluster, failureModel));
  const search = { failureModel, balanceSlack, effort, seed, startFrom, shouldStop, ...(goal && { goal }) };
  const found = resilientHostSets({ cluster, layers, minReplicas }, search);
  return {
    layers: layers.map((layer, l) => placeHosts(cluster, layer, found.hosts[l] as readonly (readonly number[])[])),
    withinBalanceLimit: found.withinBalanceLimit,
    withinStepBudget: found.withinStepBudget,
  };
}

/** Limit of balance unless the user sets one: goodput weighs balance itself, as part of the step. */
export function usualBalanceSlack({ objective }: Pick<Policy, "objective">): number {
  return objective === "goodput" ? Number.POSITIVE_INFINITY : 0.02;
}

/** How the dispatcher is to share an expert's tokens among its replicas under a policy. */
export function sharesOf({ placement, shares = "free" }: Policy): "even" | "free" {
  if (placement === "resilient") return "free";
  return placement === "balanced" ? shares : "even";
}

/** Whether a policy chooses replica counts freely, so that its placements are measured against the best of all counts. */
export function choosesReplicas({ placement }: Policy): boolean {
  return placement === "resilient" || placement === "balanced";
}
