/** From a placement and its figures to its document. */

import { fewestHosts, type Placement, type SpilledExpert } from "../core/layout/placement.ts";
import { type HostMemory, type PlanFigures, planFigures, type Resilience, withHostMemory } from "../core/placement/assess.ts";
import type { Explanation } from "../core/placement/explain.ts";
import type { MadePlacement } from "../core/placement/makePlacement.ts";
import { FAILURE_UNITS, type Policy } from "../core/placement/policy.ts";
import type { Window } from "./csv/windows.ts";
import { checkPlacement, hostCopiesOf, isAlive, type PlacementDocument, placementOf } from "./documents/placement.ts";
import { given } from "./given.ts";
import { policyFields, policyNameOf, policyOf } from "./policyFields.ts";

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

/** Spilled experts with the names of the nodes that keep them. */
function spilledNodes({ cluster }: Placement, spilled: readonly SpilledExpert[]) {
  return spilled.map(({ layer, expert, nodes }) => ({
    layer,
    expert,
    nodes: nodes.map((node) => cluster[node]!.name),
  }));
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
  const { failureProbability: _, keptMinReplicas: __, hostCopies: ___, seed, ...made } = policy;
  const { allocation, placement, minReplicas, ...settings } = made;
  const kept =
    policyNameOf({ policy }) === undefined
      ? minReplicas
      : layers.reduce((least, layer) => Math.min(least, fewestHosts(layer)), minReplicas);
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

/** A placement with its figures: rows have none, and documents of ours always do. */
export function withKnownFigures(document: PlacementDocument): PlacementDocument {
  const policy = policyOf(document);
  if (document.recovery !== undefined || policy === undefined) return document;
  const placement = placementOf(document);
  const figured = withFigures(document, planFigures(placement, policy), policy);
  const copies = hostCopiesOf(document);
  const whole = copies === undefined ? figured : withReload(figured, withHostMemory(placement, copies, policy));
  // The check brings fields into the order that documents have.
  return checkPlacement(whole, "the placement");
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

/** The same document with what survives when experts are reloaded from host memory. */
export function withReload(document: PlacementDocument, { copies, domain, ...nodes }: HostMemory): PlacementDocument {
  return {
    ...document,
    survivalWithHostMemory: {
      copies,
      ...resilienceFields(nodes),
      ...(domain && { domain: { count: domain.count, ...resilienceFields(domain) } }),
    },
  };
}

/** The same document with the weak spots of its placement. */
export function withExplanation(document: PlacementDocument, explanation: Explanation): PlacementDocument {
  const { fatalFailures, criticalSets, criticality, alternatives } = explanation;
  const live = document.nodes.filter(isAlive);
  const name = (node: number) => live[node]!.name;
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
