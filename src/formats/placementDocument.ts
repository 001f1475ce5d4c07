/** From a placement to its document and back. */

import type { ClusterNode } from "../core/layout/cluster.ts";
import { hostSets, type Placement, type SpilledExpert } from "../core/layout/placement.ts";
import type { PlanFigures, Resilience } from "../core/placement/assess.ts";
import type { Explanation } from "../core/placement/explain.ts";
import type { MadePlacement } from "../core/placement/makePlacement.ts";
import {
  ALLOCATION_POLICIES,
  assumedSettings,
  FAILURE_UNITS,
  isLayerwise,
  PLACEMENT_POLICIES,
  type PlacementPolicyName,
  POLICY_DEFAULTS,
  type Policy,
  type Shares,
  sharesOf,
} from "../core/placement/policy.ts";
import { defaultFailureProbability } from "../core/recovery/failureUnits.ts";
import type { Window } from "./csv/windows.ts";
import type { PlacementDocument } from "./documents/placement.ts";

/** What sampled the recovery probabilities, where the core did not find them. */
export type RecoveryBackend = NonNullable<NonNullable<PlacementDocument["recovery"]>["backend"]>;

/** The document of a placement, with its figures under the policy that made it. */
export function placementDocument(
  made: MadePlacement,
  policy: Policy,
  figures: PlanFigures,
  { backend, window }: { readonly backend?: RecoveryBackend | undefined; readonly window?: Window | undefined } = {},
): PlacementDocument {
  return {
    type: "placement",
    version: 1,
    ...(window && { window: { from: window.from, to: window.to } }),
    nodes: [...made.cluster],
    policy: policyFields(policy, made.keptMinReplicas),
    // Not copied: on thousands of nodes the slots are most of what the program holds in memory.
    layers: made.layers.map(({ layer, loads, replicas, nodes }) => ({
      layer,
      loads,
      replicas,
      nodes,
    })) as PlacementDocument["layers"],
    ...(made.spilled?.length ? { spilled: spilledNodes(made, made.spilled) } : {}),
    ...figureFields(figures, policy, backend),
  };
}

/** What a document says about the policy that made a placement. */
function policyFields(policy: Policy, keptMinReplicas: number): PlacementDocument["policy"] {
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

/** What rows say about a policy; the rest is assumed as where the user says nothing. */
type PolicyInRows = Pick<
  PlacementDocument["policy"],
  "placement" | "minReplicas" | "shares" | "failureUnit" | "failureProbability"
>;

/** The policy of a placement without its document. */
export function assumedPolicyFields(
  { placement, minReplicas, shares, failureUnit, failureProbability }: PolicyInRows,
  cluster: readonly ClusterNode[],
): PlacementDocument["policy"] {
  const name = PLACEMENT_POLICIES.find((known) => known === placement);
  const { allocation, seed } = POLICY_DEFAULTS;
  const fields =
    name === undefined
      ? { placement, minReplicas, seed, ...given(shares, "shares"), ...given(failureUnit, "failureUnit") }
      : policyFields(
          {
            ...assumedSettings(name, cluster),
            ...given(failureUnit, "failureUnit"),
            ...{ placement: name, allocation, minReplicas, seed, shares, failureProbability: 0 },
          },
          minReplicas,
        );
  return { ...fields, ...given(failureProbability, "failureProbability") };
}

/** Spilled experts with the names of the nodes that keep them. */
function spilledNodes({ cluster }: Placement, spilled: readonly SpilledExpert[]) {
  return spilled.map(({ layer, expert, nodes }) => ({
    layer,
    expert,
    nodes: nodes.map((node) => cluster[node]!.name),
  }));
}

/** A field that is there only when it has a value. */
function given<K extends string, V>(value: V | undefined, name: K): { [P in K]?: V } {
  return value === undefined ? {} : ({ [name]: value } as { [P in K]: V });
}

/** What a document says about its placement under the policy that it was made, or is to be judged, by. */
function figureFields(
  figures: PlanFigures,
  { failureProbability }: Pick<Policy, "failureProbability">,
  backend?: RecoveryBackend,
): Pick<PlacementDocument, "recovery" | "balance" | "cost"> {
  const { certified, bound, byUnit, balance, step } = figures;
  return {
    recovery: {
      ...resilienceFields(figures, figures.upperBound),
      ...given(backend && { ...backend }, "backend"),
      certified,
      bound,
      failureProbability,
      ...(Object.keys(byUnit).length > 1 ? { byUnit: unitFields(byUnit) } : {}),
    },
    balance: { ...balance },
    ...given(step && { ...step }, "cost"),
  };
}

/** A placement with figures anew, under the policy that they were computed for; what was said about it before is dropped. */
export function withFigures(
  { type, version, window, nodes, policy, layers, spilled }: PlacementDocument,
  figures: PlanFigures,
  assessed: Pick<Policy, "failureProbability">,
  backend?: RecoveryBackend,
): PlacementDocument {
  const { failureProbability: _, keptMinReplicas: __, seed, ...made } = policy;
  const { allocation, placement, minReplicas, ...settings } = made;
  const kept = policyNameOf({ policy }) === undefined ? minReplicas : Math.min(minReplicas, fewestHosts(layers));
  return {
    type,
    version,
    ...given(window, "window"),
    nodes,
    policy: {
      ...given(allocation, "allocation"),
      placement,
      minReplicas,
      ...(kept === minReplicas ? {} : { keptMinReplicas: kept }),
      seed,
      ...settings,
    },
    layers,
    ...given(spilled, "spilled"),
    ...figureFields(figures, assessed, backend),
  };
}

/** Nodes of the expert that has the fewest, of those with a slot. */
function fewestHosts(layers: PlacementDocument["layers"]): number {
  let fewest = Number.POSITIVE_INFINITY;
  for (const layer of layers) {
    for (const { length } of hostSets(layer)) if (length > 0) fewest = Math.min(fewest, length);
  }
  return fewest;
}

/** Recovery by what fails, in the order of the units. */
function unitFields(byUnit: PlanFigures["byUnit"]) {
  return Object.fromEntries(
    FAILURE_UNITS.flatMap((unit) => {
      const level = byUnit[unit];
      return level === undefined ? [] : [[unit, { count: level.recovery.failures.length, ...resilienceFields(level) }]];
    }),
  );
}

/** The same document with the weak spots of its placement. */
export function withExplanation(document: PlacementDocument, explanation: Explanation): PlacementDocument {
  const { fatalFailures, criticalSets, criticality, alternatives } = explanation;
  const name = (node: number) => document.nodes[node]!.name;
  return {
    ...document,
    explanation: {
      fatalFailures,
      criticalSets: criticalSets.map(({ nodes, experts }) => ({
        nodes: nodes.map(name),
        experts: experts.map(({ layer, expert }) => ({ layer: document.layers[layer]!.layer, expert })),
      })),
      criticality: criticality.map(({ probability }, node) => ({ node: name(node), probability })),
      alternatives: alternatives.map(({ change, assessment }) => {
        const { failures, tolerates, survival } = resilienceFields(assessment);
        return { change, failures, tolerates, survival, balance: { ...assessment.balance } };
      }),
    },
  };
}

/** What documents say about a resilience. */
export function resilienceFields({ recovery, survival }: Resilience, upperBound?: readonly number[]) {
  return {
    method: recovery.method,
    ...given(recovery.samples, "samples"),
    ...given(recovery.seed, "seed"),
    failures: recovery.failures.map(({ failed, probability, interval }, i) => ({
      failed,
      probability,
      ...(interval === undefined ? {} : { interval: [interval[0], interval[1]] as [number, number] }),
      ...(upperBound === undefined ? {} : { upperBound: upperBound[i]! }),
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
 * @param shares to count on instead of the placement's
 */
export function policyOf(
  document: PlacementDocument,
  wanted?: PlacementPolicyName,
  shares: Shares | undefined = document.policy.shares,
): Policy | undefined {
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
