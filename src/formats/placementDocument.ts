/** From a placement to its document and back. */

import { planCost } from "../core/cost/planCost.ts";
import { stepSeconds } from "../core/cost/stepCost.ts";
import { goodput, survivalOfFailure } from "../core/cost/trainingCosts.ts";
import { type ClusterNode, totalGpus } from "../core/layout/cluster.ts";
import type { LayerPlacement, Placement, SpilledExpert } from "../core/layout/placement.ts";
import { type Assessment, assess, type FoundRecovery, type Resilience } from "../core/placement/assess.ts";
import { explain } from "../core/placement/explain.ts";
import {
  type AllocationPolicyName,
  choosesReplicas,
  type MadePlacement,
  type PlacementPolicyName,
  type Policy,
  sharesOf,
} from "../core/placement/makePlacement.ts";
import { allocationPolicies, placementPolicies } from "../core/placement/placeLayers.ts";
import { defaultFailureProbability } from "../core/recovery/failureUnits.ts";
import type { PlacementDocument } from "./documents/placement.ts";

/** Names that `--placement` takes. */
export const placementPolicyNames: readonly PlacementPolicyName[] = ["resilient", "balanced", "eplb", "mro", "spread", "compact"];

/** Names that `--allocation` takes. */
export const allocationPolicyNames = Object.keys(allocationPolicies) as AllocationPolicyName[];

/** Whether a policy allocates and places layer by layer. */
function isLayerwise(name: PlacementPolicyName): boolean {
  return name in placementPolicies;
}

/** Recovery probabilities that were sampled on a backend. */
export interface SampledRecovery extends FoundRecovery {
  readonly backend: NonNullable<NonNullable<PlacementDocument["recovery"]>["backend"]>;
}

/**
 * The document of a placement, with everything that can be said about it.
 * @param sampled recovery probabilities to state instead of the core's own
 */
export function placementDocument(made: MadePlacement, policy: Policy, sampled?: SampledRecovery): PlacementDocument {
  const layerwise = isLayerwise(policy.placement);
  return {
    type: "placement",
    version: 1,
    nodes: [...made.cluster],
    policy: {
      ...(layerwise ? { allocation: policy.allocation } : {}),
      placement: policy.placement,
      minReplicas: policy.minReplicas,
      ...(made.keptMinReplicas === policy.minReplicas ? {} : { keptMinReplicas: made.keptMinReplicas }),
      seed: policy.seed,
      ...given(policy.groups, "groups"),
      ...given(policy.shares, "shares"),
      ...given(policy.effort, "effort"),
      ...given(policy.failureUnit, "failureUnit"),
      ...(policy.balanceSlack === undefined
        ? {}
        : { balanceSlack: policy.balanceSlack === Number.POSITIVE_INFINITY ? null : policy.balanceSlack }),
      ...given(policy.objective, "objective"),
      ...given(policy.stepBudget, "stepBudget"),
      ...(policy.training === undefined ? {} : { training: policy.training }),
    },
    layers: made.layers.map(({ layer, loads, replicas, nodes }) => ({
      layer,
      loads: [...loads],
      replicas: [...replicas],
      nodes: nodes.map((slots) => [...slots]),
    })),
    ...(made.spilled?.length ? { spilled: spilledNodes(made, made.spilled) } : {}),
    ...figuresOf(made, policy, sampled),
  };
}

/** Spilled experts with the names of the nodes that keep them. */
function spilledNodes({ cluster }: Placement, spilled: readonly SpilledExpert[]) {
  return spilled.map(({ layer, expert, nodes }) => ({
    layer,
    expert,
    nodes: nodes.map((node) => (cluster[node] as ClusterNode).name),
  }));
}

/** A field that is there only when it has a value. */
function given<K extends string, V>(value: V | undefined, name: K): { [P in K]?: V } {
  return value === undefined ? {} : ({ [name]: value } as { [P in K]: V });
}

/** What a document says about its placement under the policy that it was made, or is to be judged, by. */
export function figuresOf(
  placement: Placement,
  policy: Policy,
  sampled?: SampledRecovery,
): Pick<PlacementDocument, "recovery" | "balance" | "cost"> {
  const model = { ...policy, freeReplicas: choosesReplicas(policy) };
  const figures = assess(placement, model, sampled);
  const cost = costFields(placement, policy, figures);
  return {
    recovery: {
      ...resilienceFields(figures, figures.upperBound),
      ...given(sampled && { ...sampled.backend }, "backend"),
      certified: figures.certified,
      bound: model.freeReplicas ? ("slots" as const) : ("replicas" as const),
      failureProbability: model.failureProbability,
      ...(figures.domains
        ? { domains: { count: figures.domains.recovery.failures.length, ...resilienceFields(figures.domains) } }
        : {}),
    },
    balance: { ...figures.balance },
    ...(cost === undefined ? {} : { cost }),
  };
}

/** Ranks times experts, over all layers, up to which free shares are solved without being asked for: it takes some seconds beyond. */
const FREELY_COSTED = 200_000;

function costFields(placement: Placement, policy: Policy, { domains, survival }: Assessment): PlacementDocument["cost"] {
  const { cluster, layers } = placement;
  const { training, failureUnit } = policy;
  const shares = sharesOf(policy);
  const size = totalGpus(cluster) * layers.reduce((sum, { loads }) => sum + loads.length, 0);
  if (placement.spilled?.length || (shares === "free" && training === undefined && size > FREELY_COSTED)) return undefined;
  const cost = { shares, ...planCost(placement, shares) };
  if (training === undefined) return cost;
  const seconds = stepSeconds(training, cost);
  const timed = { ...cost, stepSeconds: seconds, samplesPerSecond: training.samplesPerStep / seconds };
  if (training.failures === undefined) return timed;
  const byDomain = failureUnit === "domain" ? domains : undefined;
  const units = byDomain?.recovery.failures.length ?? cluster.length;
  const left = survivalOfFailure((byDomain?.survival ?? survival).probability, units, policy.failureProbability);
  return { ...timed, usefulSamplesPerSecond: goodput(left, seconds, training.samplesPerStep, training.failures) };
}

/** The same document with the weak spots of its placement. */
export function withExplanation(document: PlacementDocument, placement: Placement, policy: Policy): PlacementDocument {
  const { fatalFailures, criticalSets, criticality, alternatives } = explain(placement, policy);
  const name = (node: number) => (placement.cluster[node] as ClusterNode).name;
  return {
    ...document,
    explanation: {
      fatalFailures,
      criticalSets: criticalSets.map(({ nodes, experts }) => ({
        nodes: nodes.map(name),
        experts: experts.map(({ layer, expert }) => ({ layer: (placement.layers[layer] as LayerPlacement).layer, expert })),
      })),
      criticality: criticality.map(({ probability }, node) => ({ node: name(node), probability })),
      alternatives: alternatives.map(({ change, assessment }) => {
        const { failures, tolerates, survival } = resilienceFields(assessment);
        return { change, failures, tolerates, survival, balance: { ...assessment.balance } };
      }),
    },
  };
}

function resilienceFields({ recovery, survival }: Resilience, upperBound?: readonly number[]) {
  return {
    method: recovery.method,
    ...given(recovery.samples, "samples"),
    ...given(recovery.seed, "seed"),
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
    groups: policy.groups,
    shares: policy.shares,
    effort: policy.effort,
    failureUnit: policy.failureUnit,
    objective: policy.objective,
    stepBudget: policy.stepBudget,
    training: policy.training,
    balanceSlack: policy.balanceSlack === null ? Number.POSITIVE_INFINITY : policy.balanceSlack,
    failureProbability: recovery?.failureProbability ?? defaultFailureProbability(nodes.length),
  };
}
