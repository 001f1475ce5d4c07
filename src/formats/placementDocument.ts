/** From a placement to its document and back. */
import { assess, defaultFailureProbability, type Resilience } from "../core/placement/assess.ts";
import type { AllocationPolicyName, MadePlacement, PlacementPolicyName, Policy } from "../core/placement/makePlacement.ts";
import { allocationPolicies, placementPolicies } from "../core/placement/placeLayers.ts";
import type { PlacementDocument } from "./documents/placement.ts";

/** Names that `--placement` takes. */
export const placementPolicyNames = Object.keys(placementPolicies) as PlacementPolicyName[];

/** Names that `--allocation` takes. */
export const allocationPolicyNames = Object.keys(allocationPolicies) as AllocationPolicyName[];

/** The document of a placement, with everything that can be said about it. */
export function placementDocument(made: MadePlacement, policy: Policy): PlacementDocument {
  const figures = assess(made, policy);
  return {
    type: "placement",
    version: 1,
    nodes: [...made.cluster],
    policy: {
      allocation: policy.allocation,
      placement: policy.placement,
      minReplicas: policy.minReplicas,
      ...(made.keptMinReplicas === policy.minReplicas ? {} : { keptMinReplicas: made.keptMinReplicas }),
      seed: policy.seed,
    },
    layers: made.layers.map(({ layer, loads, replicas, nodes }) => ({
      layer,
      loads: [...loads],
      replicas: [...replicas],
      nodes: nodes.map((slots) => [...slots]),
    })),
    recovery: {
      ...resilienceFields(figures, figures.upperBound),
      certified: figures.certified,
      failureProbability: policy.failureProbability,
      ...(figures.domains
        ? { domains: { count: figures.domains.recovery.failures.length, ...resilienceFields(figures.domains) } }
        : {}),
    },
    balance: { ...figures.balance },
  };
}

function resilienceFields({ recovery, survival }: Resilience, upperBound?: readonly number[]) {
  return {
    method: recovery.method,
    failures: recovery.failures.map(({ failed, probability, interval }, i) => ({
      failed,
      probability,
      ...(interval === undefined ? {} : { interval: [interval[0], interval[1]] as [number, number] }),
      ...(upperBound === undefined ? {} : { upperBound: upperBound[i] as number }),
    })),
    tolerates: recovery.tolerates,
    survival: survival.probability,
    ...(survival.interval === undefined
      ? {}
      : { survivalInterval: [survival.interval[0], survival.interval[1]] as [number, number] }),
  };
}

/**
 * The policy to make a placement anew by; nothing when it is none of ours.
 * @param wanted name of another policy to take instead of the one that made the placement
 */
export function policyOf({ policy, recovery, nodes }: PlacementDocument, wanted?: PlacementPolicyName): Policy | undefined {
  const placement = wanted ?? placementPolicyNames.find((name) => name === policy.placement);
  if (placement === undefined) return undefined;
  return {
    placement,
    allocation: allocationPolicyNames.find((name) => name === policy.allocation) ?? "lazarus",
    minReplicas: policy.minReplicas,
    seed: policy.seed,
    failureProbability: recovery?.failureProbability ?? defaultFailureProbability(nodes.length),
  };
}
