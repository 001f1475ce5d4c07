/**
 * How a placement is to be made. The only list of policies, efforts, shares, failure units, objectives and of what is assumed
 * where nothing is said: types, document schemas, option choices and help texts derive from it.
 */
import { checkChoice } from "../algorithms/checkChoice.ts";
import type { TrainingCosts } from "../cost/trainingCosts.ts";
import type { ClusterNode } from "../layout/cluster.ts";
import { type FailureModel, type FailureUnit, sharesDomains } from "../recovery/failureUnits.ts";

export { FAILURE_UNITS, type FailureUnit, unitName } from "../recovery/failureUnits.ts";

/**
 * Placement policies that take replica counts from an allocation policy and place layer by layer. Counts beyond the GPUs that there
 * are for an expert waste slots: it is on one GPU twice. So may `eplb`; `resilient` and `balanced` never do while the slots allow.
 */
export const LAYERWISE_POLICIES = ["mro", "spread", "compact"] as const;
export type LayerwisePolicyName = (typeof LAYERWISE_POLICIES)[number];

export const PLACEMENT_POLICIES = ["resilient", "balanced", "eplb", ...LAYERWISE_POLICIES] as const;
export type PlacementPolicyName = (typeof PLACEMENT_POLICIES)[number];

export const ALLOCATION_POLICIES = ["lazarus", "even"] as const;
export type AllocationPolicyName = (typeof ALLOCATION_POLICIES)[number];

/** How long to search, from the least on. */
export const EFFORTS = ["fast", "normal", "thorough"] as const;
export type Effort = (typeof EFFORTS)[number];

/** How an expert's tokens are shared: equally by its replicas, or as the dispatcher likes by the ranks that hold it. */
export const SHARES = ["even", "free"] as const;
export type Shares = (typeof SHARES)[number];

/** What `resilient` is after. */
export const OBJECTIVES = ["survival", "goodput"] as const;
export type Objective = (typeof OBJECTIVES)[number];

/** How far the busiest GPU may exceed the mean load unless the user sets a limit and survival is the objective. */
export const BALANCE_SLACK = 0.02;

/** Balances that differ by less count as equal: what searches and tables can tell apart. */
export const BALANCE_TOLERANCE = 1e-4;

/** Whether a layer whose busiest GPU has so much over the mean keeps a limit. */
export function keepsBalanceLimit(balance: number, balanceSlack: number): boolean {
  return balance <= 1 + balanceSlack + BALANCE_TOLERANCE;
}

/** What is assumed where nothing is said. */
export const POLICY_DEFAULTS = {
  placement: "resilient",
  allocation: "lazarus",
  minReplicas: 2,
  seed: 0,
  groups: 1,
  shares: "free",
  effort: "normal",
  failureUnit: "node",
  objective: "survival",
} as const satisfies Partial<Policy>;

/** The same for a placement that GPUs wait for. */
export const RECOVERY_EFFORT = "fast" satisfies Effort;

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
  /** How replicas share tokens, with `resilient` and `balanced`; all other policies count on even shares. */
  readonly shares?: Shares | undefined;
  /** How far the busiest GPU may exceed the mean load, with `resilient`; Infinity for no limit. */
  readonly balanceSlack?: number | undefined;
  /** What fails as one, with `resilient`: nodes, or failure domains. */
  readonly failureUnit?: FailureUnit | undefined;
  /** How long to search, with `resilient` and `balanced`. */
  readonly effort?: Effort | undefined;
  /** What `resilient` is after; goodput needs the costs of training and of failures. */
  readonly objective?: Objective | undefined;
  /** Longest step that objective survival allows `resilient`, over the step of the paper's placement; needs the costs of training. */
  readonly stepBudget?: number | undefined;
  /** What a step costs, where the job is known. */
  readonly training?: TrainingCosts | undefined;
  /** Expert groups that hierarchical EPLB keeps together. */
  readonly groups?: number | undefined;
  /** Is called now and then while `resilient` searches. */
  readonly watch?: (() => void) | undefined;
}

/** Whether a policy allocates and places layer by layer. */
export function isLayerwise(name: PlacementPolicyName): name is LayerwisePolicyName {
  return LAYERWISE_POLICIES.some((layerwise) => layerwise === name);
}

/** Limit of balance unless the user sets one: goodput weighs balance itself, as part of the step. */
export function usualBalanceSlack({ objective }: Pick<Policy, "objective">): number {
  return objective === "goodput" ? Number.POSITIVE_INFINITY : BALANCE_SLACK;
}

/** How the dispatcher is to share an expert's tokens among its replicas under a policy. */
export function sharesOf({ placement, shares = POLICY_DEFAULTS.shares }: Pick<Policy, "placement" | "shares">): Shares {
  checkChoice("placement", placement ?? null, PLACEMENT_POLICIES);
  checkChoice("shares", shares, SHARES);
  return choosesReplicas({ placement }) ? shares : "even";
}

/** Whether a policy chooses replica counts freely, so that its placements are measured against the best of all counts. */
export function choosesReplicas({ placement }: Pick<Policy, "placement">): boolean {
  return placement === "resilient" || placement === "balanced";
}

/** Settings of a policy where nothing is said about them. */
export function assumedSettings(
  placement: PlacementPolicyName,
  cluster: readonly ClusterNode[],
): Pick<Policy, "groups" | "effort" | "balanceSlack" | "failureUnit"> {
  return {
    groups: placement === "eplb" ? POLICY_DEFAULTS.groups : undefined,
    effort: choosesReplicas({ placement }) ? POLICY_DEFAULTS.effort : undefined,
    balanceSlack: placement === "resilient" ? BALANCE_SLACK : undefined,
    failureUnit: placement === "resilient" ? (sharesDomains(cluster) ? "domain" : "node") : undefined,
  };
}

/** Distance of a search's failure probability from 0 and 1, at which all placements survive alike. */
const LEAST_DOUBT = 1e-9;

/** What a search under a policy expects to fail, and how likely. */
export function expectedFailures({
  failureUnit = POLICY_DEFAULTS.failureUnit,
  failureProbability,
}: Pick<Policy, "failureUnit" | "failureProbability">): Required<FailureModel> {
  return { unit: failureUnit, probability: Math.min(Math.max(failureProbability, LEAST_DOUBT), 1 - LEAST_DOUBT) };
}
