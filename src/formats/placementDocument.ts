/** From a placement to its document and back. */
import { assess } from "../core/placement/assess.ts";
import type { AllocationPolicyName, MadePlacement, PlacementPolicyName, Policy } from "../core/placement/makePlacement.ts";
import { allocationPolicies, placementPolicies } from "../core/placement/placeLayers.ts";
import type { PlacementDocument } from "./documents/placement.ts";

/** Names that `--placement` takes. */
export const placementPolicyNames = Object.keys(placementPolicies) as PlacementPolicyName[];

/** Names that `--allocation` takes. */
export const allocationPolicyNames = Object.keys(allocationPolicies) as AllocationPolicyName[];

/** The document of a placement, with everything that can be said about it. */
export function placementDocument(made: MadePlacement, policy: Policy): PlacementDocument {
  const { recovery, upperBound, certified, balance } = assess(made, policy.seed);
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
      method: recovery.method,
      failures: recovery.failures.map(({ failed, probability, interval }, i) => ({
        failed,
        probability,
        ...(interval === undefined ? {} : { interval: [...interval] }),
        upperBound: upperBound[i] as number,
      })),
      tolerates: recovery.tolerates,
      certified,
    },
    balance: { ...balance },
  };
}

/** The policy that made a placement; nothing when it is none of ours. */
export function policyOf({ policy }: PlacementDocument): Policy | undefined {
  const placement = placementPolicyNames.find((name) => name === policy.placement);
  const allocation = allocationPolicyNames.find((name) => name === (policy.allocation ?? "lazarus"));
  if (placement === undefined || allocation === undefined) return undefined;
  return { placement, allocation, minReplicas: policy.minReplicas, seed: policy.seed };
}
