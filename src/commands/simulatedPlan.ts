/** The plan that a simulation starts from, and the loads that go with it. */
import { basename } from "node:path";
import type { ModelSpec } from "../core/cost/modelSpec.ts";
import { RECOVERY_EFFORT } from "../core/placement/policy.ts";
import type { GivenPlan } from "../core/simulation/planSystem.ts";
import { UsageError } from "../errors.ts";
import { csvKind, headerNames } from "../formats/csv/documentKind.ts";
import { type PlacementDocument, placementOf } from "../formats/documents/placement.ts";
import { policyOf } from "../formats/policyFields.ts";
import { isFolder } from "../io/folder.ts";
import { type Input, openInput } from "../io/input.ts";
import { readNodes } from "./clusterOptions.ts";
import { sharesOfPlan } from "./comparedPlans.ts";
import { firstCharacters } from "./firstLine.ts";
import { readPlacements } from "./readPlacements.ts";
import { readLoad } from "./readProfile.ts";
import { warn } from "./warn.ts";

/** Enough to tell a placement from loads: the type of a document, or a header. */
const TELLING_CHARACTERS = 200;

/** What the input of a simulation is. */
export interface SimulationInput {
  readonly plan?: PlacementDocument;
  /** How the plan is called. */
  readonly planName?: string;
  /** Loads, where they have been opened. */
  readonly input?: Input;
  /** Whether there are loads beside those of the plan. */
  readonly hasLoads: boolean;
}

/**
 * Finds out what is to be simulated: loads, a plan, or both.
 * @param file operand; a placement in place of loads brings its own
 */
export async function readSimulationInput(
  options: { readonly plan: string | undefined; readonly nodes: number | undefined; readonly "load-spread": number | undefined },
  file: string | undefined,
): Promise<SimulationInput> {
  const spread = options["load-spread"] !== undefined;
  if (options.plan !== undefined) {
    const plan = await onlyPlan(options.plan, options.nodes, spread ? undefined : file);
    return { plan, planName: options.plan === "-" ? "-" : basename(options.plan), hasLoads: spread || file !== undefined };
  }
  if (spread || isFolder(file)) return { hasLoads: true };
  const { text, input } = await firstCharacters(openInput(file), TELLING_CHARACTERS);
  const isDocument = /^\s*\{\s*"type"\s*:\s*"(placement|recovery-plan)"/.test(text);
  if (!isDocument && csvKind(headerNames(text.split("\n", 1)[0]!)) !== "placement") return { input, hasLoads: true };
  const plan = await onlyPlan(input, options.nodes, undefined);
  return { plan, planName: file === undefined ? "-" : basename(file), hasLoads: false };
}

async function onlyPlan(file: string | Input, nodes: number | undefined, loads: string | undefined): Promise<PlacementDocument> {
  const context = {
    nodes: () => readNodes({ nodes, cluster: undefined }),
    loads: async () => (loads === undefined ? undefined : (await readLoad(loads, "simulate")).layers),
    gpus: 1,
    layerBase: 0,
    denseLayers: 0,
  };
  let found: PlacementDocument | undefined;
  for await (const document of readPlacements(file, context)) {
    if (found !== undefined) throw new UsageError("there are several placements; simulate starts from one: keep one window");
    found = document;
  }
  return found!;
}

/** The model as the plan has it: its experts and slots. @throws UsageError when its nodes are not alike */
export function modelOfPlan(model: ModelSpec, { nodes, layers }: PlacementDocument): ModelSpec {
  const first = nodes[0]!;
  const other = nodes.find(({ slots, gpus, deadGpus }) => slots !== first.slots || gpus !== first.gpus || deadGpus !== undefined);
  if (other !== undefined) {
    throw new UsageError(
      `the plan's node ${other.name} differs from ${first.name}; simulate takes nodes alike, with all their GPUs`,
    );
  }
  const experts = layers[0]!.loads.length;
  if (experts !== model.experts) warn(`the plan has ${experts} experts a layer; ${model.name} is simulated with as many`);
  if (layers.length < model.layers) {
    warn(`the plan has ${layers.length} of the ${model.layers} layers of ${model.name}; they stand in for the others`);
  }
  return { ...model, experts, slotsPerNode: first.slots };
}

/** The contestant that starts from the plan. */
export function givenPlan(document: PlacementDocument, gpusPerNode: number, isForLoads: boolean): GivenPlan {
  const { cluster, layers, spilled = [] } = placementOf(document);
  const gpus = cluster[0]!.gpus;
  if (gpus !== gpusPerNode) {
    throw new UsageError(
      `nodes of the hardware have ${gpusPerNode} GPUs, those of the plan ${gpus}: place with --gpus ${gpusPerNode}, or take other --hardware`,
    );
  }
  if (spilled.length > 0)
    throw new UsageError("the plan keeps experts in host memory, which simulate does not know; give it more slots");
  const known = policyOf(document);
  if (known === undefined) warn(`the plan is by ${document.policy.placement}; after failures simulate places by eplb`);
  const policy = known ?? policyOf(document, "eplb", "even")!;
  return {
    name: "plan",
    cluster,
    layers,
    policy: { ...policy, effort: RECOVERY_EFFORT },
    shares: sharesOfPlan(document),
    isForLoads,
  };
}
