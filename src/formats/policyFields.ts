/** From a policy to what a document says of it, and back. */
import { checkChoice } from "../core/algorithms/checkChoice.ts";
import type { ClusterNode } from "../core/layout/cluster.ts";
import {
  ALLOCATION_POLICIES,
  assumedSettings,
  isLayerwise,
  PLACEMENT_POLICIES,
  type PlacementPolicyName,
  POLICY_DEFAULTS,
  type Policy,
  SHARES,
  type Shares,
  sharesOf,
} from "../core/placement/policy.ts";
import { defaultFailureProbability } from "../core/recovery/failureUnits.ts";
import type { PlacementDocument } from "./documents/placement.ts";
import { given } from "./given.ts";

/** What a document says about the policy that made a placement. */
export function policyFields(policy: Policy, keptMinReplicas: number): PlacementDocument["policy"] {
  return {
    ...(isLayerwise(policy.placement) ? { allocation: policy.allocation } : {}),
    placement: policy.placement,
    minReplicas: policy.minReplicas,
    ...(keptMinReplicas === policy.minReplicas ? {} : { keptMinReplicas }),
    seed: policy.seed,
    ...given(policy.groups, "groups"),
    shares: sharesOf(policy),
    ...given(policy.effort, "effort"),
    ...given(policy.failureUnit, "failureUnit"),
    ...(policy.balanceSlack === undefined
      ? {}
      : { balanceSlack: policy.balanceSlack === Number.POSITIVE_INFINITY ? null : policy.balanceSlack }),
    ...given(policy.objective, "objective"),
    ...given(policy.stepBudget, "stepBudget"),
    ...(policy.training === undefined ? {} : { training: policy.training }),
  };
}

/** The policy of a placement of which only its name, its copies and its shares are known; the rest is as where the user says nothing. */
export function assumedPolicyFields(
  { placement, minReplicas, shares }: Pick<PlacementDocument["policy"], "placement" | "minReplicas" | "shares">,
  cluster: readonly ClusterNode[],
): PlacementDocument["policy"] {
  const name = PLACEMENT_POLICIES.find((known) => known === placement);
  const { allocation, seed } = POLICY_DEFAULTS;
  if (name === undefined) return { placement, minReplicas, seed, ...given(shares, "shares") };
  const policy = { placement: name, allocation, minReplicas, seed, shares, failureProbability: 0 };
  return policyFields({ ...assumedSettings(name, cluster), ...policy }, minReplicas);
}

/**
 * The policy to make a placement anew by; nothing when it is none of ours.
 * @param wanted name of another policy to take instead of the one that made the placement
 * @param shares to count on instead of the placement's
 */
export function policyOf(
  document: PlacementDocument,
  wanted?: PlacementPolicyName,
  shares: Shares | undefined = document.policy.shares,
): Policy | undefined {
  checkChoice("placement", wanted, PLACEMENT_POLICIES);
  checkChoice("shares", shares, SHARES);
  const { policy, recovery, nodes } = document;
  const placement = wanted ?? policyNameOf(document);
  if (placement === undefined) return undefined;
  return {
    placement,
    allocation: ALLOCATION_POLICIES.find((name) => name === policy.allocation) ?? POLICY_DEFAULTS.allocation,
    minReplicas: policy.minReplicas,
    seed: policy.seed,
    groups: policy.groups,
    shares,
    effort: policy.effort,
    failureUnit: policy.failureUnit,
    objective: policy.objective,
    stepBudget: policy.stepBudget,
    training: policy.training,
    balanceSlack: policy.balanceSlack === null ? Number.POSITIVE_INFINITY : policy.balanceSlack,
    failureProbability: recovery?.failureProbability ?? policy.failureProbability ?? defaultFailureProbability(nodes.length),
  };
}

/** The policy that made a placement; nothing when it is none of ours. */
export function policyNameOf({ policy }: Pick<PlacementDocument, "policy">): PlacementPolicyName | undefined {
  return PLACEMENT_POLICIES.find((name) => name === policy.placement);
}
