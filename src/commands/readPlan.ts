/** What bench takes from a plan: the busiest rank's tokens, and the host sets. */
import { balancedDispatch } from "../core/dispatch/balancedDispatch.ts";
import { DispatchBuilder } from "../core/dispatch/layerDispatch.ts";
import { lazarusDispatch } from "../core/dispatch/lazarusDispatch.ts";
import { rankGroups } from "../core/dispatch/rankGroups.ts";
import { deadRanks } from "../core/layout/cluster.ts";
import { hostSets } from "../core/layout/placement.ts";
import { sharesOf } from "../core/placement/policy.ts";
import { InputError } from "../errors.ts";
import { DispatchRows, type DispatchTable } from "../formats/csv/dispatchRows.ts";
import { type CsvKind, wrongKind } from "../formats/csv/documentKind.ts";
import { PlacementRows } from "../formats/csv/placementRows.ts";
import { tableDocuments } from "../formats/csv/tableRows.ts";
import { dispatchPlanSchema } from "../formats/documents/dispatchPlan.ts";
import { type PlacementDocument, placementOf, rankedPlacementOf } from "../formats/documents/placement.ts";
import { checkPlacementOrRecovery } from "../formats/documents/recoveryPlan.ts";
import { checkDocument } from "../formats/documents/schema.ts";
import { policyOf } from "../formats/policyFields.ts";
import { type BusiestRank, busiestRank, type DispatchedLayer } from "../gpu/busiestRank.ts";
import { type Input, textPieces } from "../io/input.ts";
import { readJsonOrCsv } from "./readJsonOrCsv.ts";
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
  const plan = await readJsonOrCsv(file, {
    json: (value, source) => {
      const isDispatch = typeof value === "object" && value !== null && "type" in value && value.type === "dispatch-plan";
      return isDispatch
        ? checkDocument(dispatchPlanSchema, "dispatch-plan", value, source)
        : checkPlacementOrRecovery(value, source);
    },
    csv: planInRows,
  });
  const placement = "policy" in plan && "nodes" in plan ? plan : undefined;
  const layers = placement === undefined ? plannedLayers(plan as DispatchTable, file) : dispatchedLayers(placement);
  const busiest = namingRefusals(
    () => busiestRank(layers, meanTokens),
    ({ message }) => new InputError(message, { file }),
  );
  return placement === undefined ? { busiest } : { busiest, hosts: allHostSets(placement) };
}

/** The only placement or dispatch-plan of a table. */
async function planInRows(input: Input, kind: CsvKind | undefined): Promise<PlacementDocument | DispatchTable> {
  const { name } = input;
  if (kind === "placement") {
    const { placement } = await onlyDocument(
      tableDocuments(textPieces(input), name, (names) => new PlacementRows(names, name)),
      name,
    );
    return placement;
  }
  if (kind === "dispatch-plan") {
    return onlyDocument(
      tableDocuments(textPieces(input), name, (names) => new DispatchRows(names, name)),
      name,
    );
  }
  throw kind === undefined
    ? new InputError("this is no plan; expected a placement, recovery-plan or dispatch-plan, JSON or CSV", { file: name })
    : wrongKind(kind, "placement", name);
}

async function onlyDocument<T>(documents: AsyncGenerator<T>, file: string): Promise<T> {
  const first = await documents.next();
  if (!(await documents.next()).done)
    throw new InputError("there are several windows; expected one plan: keep the rows of one", { file });
  return first.value as T;
}

/** Dispatches a placement as its policy means it to be: with free shares, or by Algorithm 1. Plans of other systems share evenly. */
function* dispatchedLayers(document: PlacementDocument): Generator<DispatchedLayer> {
  const placement = rankedPlacementOf(document);
  const levels = rankGroups(placement.cluster);
  const dead = deadRanks(placement.cluster).length;
  const policy = policyOf(document);
  const free = policy !== undefined && sharesOf(policy) === "free";
  for (const { layer, routing, replicas } of routedLayers(placement, undefined, undefined)) {
    const dispatch = free ? balancedDispatch(routing, replicas, levels) : lazarusDispatch(routing, replicas);
    yield { layer, dispatch, deadRanks: dead };
  }
}

function* plannedLayers({ ranks, layers }: DispatchTable, file: string): Generator<DispatchedLayer> {
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
