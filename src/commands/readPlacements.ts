/** Placements to start from: our own documents, or plans of other systems. */
import type { LayerLoads } from "../core/layout/placement.ts";
import { InputError, UsageError } from "../errors.ts";
import type { DescribedNode } from "../formats/cluster.ts";
import { csvKind, headerNames, wrongKind } from "../formats/csv/documentKind.ts";
import { tableDocuments } from "../formats/csv/tableRows.ts";
import type { PlacementDocument } from "../formats/documents/placement.ts";
import { checkFollowedPlan, type FollowedPlan, placedHistory } from "../formats/documents/recoveryPlan.ts";
import { PLACEMENT_COLUMNS } from "../formats/placementCsv.ts";
import { decodePlan, decodeYamlPlan } from "../formats/plans/decodePlan.ts";
import type { ForeignPlan } from "../formats/plans/plan.ts";
import { type PlanSurroundings, planPlacement } from "../formats/plans/planPlacement.ts";
import { fingerprint } from "../io/fingerprint.ts";
import { type Input, openInput, peek, readText, textPieces } from "../io/input.ts";
import { firstCharacters, firstLine } from "./firstLine.ts";
import { documentsOf } from "./readDocuments.ts";

/** What plans of other systems do not say; asked for when there is such a plan only. */
export interface PlanContext {
  /** The nodes in rank order. */
  readonly nodes: () => Promise<readonly DescribedNode[]>;
  /** Loads of all layers; nothing when the user gave none. */
  readonly loads: () => Promise<readonly LayerLoads[] | undefined>;
  readonly gpus: number;
  readonly layerBase: number;
  readonly denseLayers: number;
  readonly moeLayers?: readonly number[] | undefined;
}

/**
 * Placements of a file or pipe: placement and recovery-plan documents, placements in CSV, or a plan of SGLang, vllm-ascend, MindIE,
 * TensorRT-LLM or vLLM, told apart by their shape.
 * @throws InputError; UsageError when a plan needs to know more
 */
export async function* readPlacements(file: string | Input | undefined, context: PlanContext): AsyncGenerator<PlacementDocument> {
  for await (const { placement } of plansOf(typeof file === "object" ? file : openInput(file), context)) yield placement;
}

/**
 * All plans of a file or pipe with what came before them, and the SHA-256 of its bytes.
 * @throws InputError; UsageError when a plan needs to know more
 */
export async function readFollowed(
  file: string | undefined,
  context: PlanContext,
): Promise<{ readonly plans: readonly FollowedPlan[]; readonly sha256: string }> {
  const hash = fingerprint();
  const plans: FollowedPlan[] = [];
  for await (const plan of plansOf(openInput(file, hash.add), context)) plans.push(plan);
  return { plans, sha256: hash.hex() };
}

async function* plansOf(file: Input, context: PlanContext): AsyncGenerator<FollowedPlan> {
  const { byte, input } = await peek(file);
  if (byte === undefined)
    throw new InputError("there is no input; expected a plan: a placement, a recovery-plan or a plan of another system", {
      file: input.name,
    });
  const first = String.fromCharCode(byte);
  if (first !== "{" && first !== "[") {
    yield* plansInText(input, context);
    return;
  }
  for await (const found of documentsOf(input, (value, source) =>
    isForeign(value) ? decodePlan(value, source) : checkFollowedPlan(value, source),
  )) {
    if ("system" in found) {
      const placement = await placed(found, context, input.name);
      yield { placement, history: placedHistory(placement) };
    } else yield found;
  }
}

/** Our CSV, or the YAML of TensorRT-LLM. */
async function* plansInText(text: Input, context: PlanContext): AsyncGenerator<FollowedPlan> {
  const { line, input } = await firstLine(text);
  const kind = csvKind(headerNames(line));
  if (kind === undefined) {
    const begun = await firstCharacters(input, TELLING_CHARACTERS);
    if (!isYamlPlan(begun.text)) {
      throw new InputError(
        `this is neither a placement, JSON or CSV (${PLACEMENT_COLUMNS.join()}), nor a plan of another system; pass the right file`,
        { file: input.name, line: 1 },
      );
    }
    const placement = await placed(decodeYamlPlan(await readText(begun.input), input.name), context, input.name);
    yield { placement, history: placedHistory(placement) };
    return;
  }
  if (kind !== "placement") throw wrongKind(kind, "placement", input.name);
  const { PlacementRows } = await import("../formats/csv/placementRows.ts");
  yield* tableDocuments(textPieces(input), input.name, (names, file) => new PlacementRows(names, file));
}

/** Enough to get past the comments in front of a file. */
const TELLING_CHARACTERS = 4096;

/** Whether the first line that is neither blank nor a comment is a key with a number, a list or nothing: no sentence is. */
function isYamlPlan(text: string): boolean {
  const line = text.split("\n").find((candidate) => !/^\ufeff?\s*(#.*|---\s*)?$/.test(candidate)) ?? "";
  return /^\ufeff?\s*(["']?)[\w-]+\1:\s*(\d+|\[.*)?\s*(#.*)?$/.test(line);
}

/** Every document of ours says its type. */
function isForeign(value: unknown): boolean {
  return typeof value === "object" && value !== null && !("type" in value) && Object.keys(value).length > 0;
}

async function placed(plan: ForeignPlan, context: PlanContext, file: string): Promise<PlacementDocument> {
  const nodes = await context.nodes();
  const loads = await context.loads();
  if (loads === undefined) {
    throw new UsageError(
      `the ${plan.system} plan says nothing about loads; give the load-profile that it was made for with --profile`,
    );
  }
  const surroundings: PlanSurroundings = { ...context, nodes, loads };
  return planPlacement(plan, surroundings, file);
}
