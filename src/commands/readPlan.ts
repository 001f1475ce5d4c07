/** What bench takes from a plan: the busiest rank's tokens, and the host sets. */
import { balancedDispatch } from "../core/dispatch/balancedDispatch.ts";
import { DispatchBuilder } from "../core/dispatch/layerDispatch.ts";
import { lazarusDispatch } from "../core/dispatch/lazarusDispatch.ts";
import { rankGroups } from "../core/dispatch/rankGroups.ts";
import { deadRanks } from "../core/layout/cluster.ts";
import { hostSets } from "../core/layout/placement.ts";
import { sharesOf } from "../core/placement/policy.ts";
import { InputError } from "../errors.ts";
import { type DispatchPlanDocument, dispatchPlanSchema } from "../formats/documents/dispatchPlan.ts";
import { type PlacementDocument, placementOf } from "../formats/documents/placement.ts";
import { checkPlacementOrRecovery } from "../formats/documents/recoveryPlan.ts";
import { checkDocument } from "../formats/documents/schema.ts";
import { policyOf } from "../formats/placementDocument.ts";
import { type BusiestRank, busiestRank, type DispatchedLayer } from "../gpu/busiestRank.ts";
import { readDocument } from "./readDocuments.ts";
import { namingRefusals } from "./refusals.ts";
import { routedLayers } from "./routedLayers.ts";

/** A plan, as far as a bench needs it. */
export interface BenchPlan {
  readonly busiest: BusiestRank;
  /** Of all layers together; a dispatch-plan does not know them. */
  readonly hosts?: { readonly nodes: number; readonly hostSets: readonly (readonly number[])[] };
}

/**
 * Reads a placement, recovery-plan or dispatch-plan.
 * @param meanTokens tokens that the mean rank is to compute
 * @throws InputError
 */
export async function readPlan(file: string, meanTokens: number): Promise<BenchPlan> {
  return readDocument(file, (value, source) => {
    const isDispatch = typeof value === "object" && value !== null && "type" in value && value.type === "dispatch-plan";
    const placement = isDispatch ? undefined : checkPlacementOrRecovery(value, source);
    const layers = placement
      ? dispatchedLayers(placement)
      : plannedLayers(checkDocument(dispatchPlanSchema, "dispatch-plan", value, source), source);
    const busiest = namingRefusals(
      () => busiestRank(layers, meanTokens),
      ({ message }) => new InputError(message, { file: source }),
    );
    return placement === undefined ? { busiest } : { busiest, hosts: allHostSets(placement) };
  });
}

/** Dispatches a placement as its policy means it to be: with free shares, or by Algorithm 1. Plans of other systems share evenly. */
function* dispatchedLayers(document: PlacementDocument): Generator<DispatchedLayer> {
  const placement = placementOf(document);
  const levels = rankGroups(placement.cluster);
  const dead = deadRanks(placement.cluster).length;
  const policy = policyOf(document);
  const free = policy !== undefined && sharesOf(policy) === "free";
  for (const { layer, routing, replicas } of routedLayers(placement, undefined, undefined)) {
    const dispatch = free ? balancedDispatch(routing, replicas, levels) : lazarusDispatch(routing, replicas);
    yield { layer, dispatch, deadRanks: dead };
  }
}

function* plannedLayers({ ranks, layers }: DispatchPlanDocument, file: string): Generator<DispatchedLayer> {
  for (const { layer, entries } of layers) {
    const dispatch = new DispatchBuilder(ranks, entries.length);
    for (const [i, entry] of entries.entries()) {
      const [expert, source, target, tokens] = entry;
      const wrong = (what: string) => new InputError(`in the dispatch-plan: layer ${layer}, entries[${i}]: ${what}`, { file });
      if (entry.length !== 4 || expert === undefined || source === undefined || target === undefined || tokens === undefined) {
        throw wrong(`expected expert, source, target and tokens, got ${entry.length} numbers`);
      }
      if (source >= ranks || target >= ranks) throw wrong(`expected ranks below ${ranks}, got ${source} and ${target}`);
      dispatch.add(expert, source, target, tokens);
    }
    yield { layer, dispatch: dispatch.build() };
  }
}

function allHostSets(document: PlacementDocument): NonNullable<BenchPlan["hosts"]> {
  const { cluster, layers } = placementOf(document);
  return { nodes: cluster.length, hostSets: layers.flatMap(hostSets) };
}
