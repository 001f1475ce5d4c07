/** lazarus place: from a load-profile to a placement of expert replicas on nodes. */

import type { ModelSpec } from "../core/cost/modelSpec.ts";
import { type ClusterNode, totalSlots } from "../core/layout/cluster.ts";
import type { Placement } from "../core/layout/placement.ts";
import { planFigures } from "../core/placement/assess.ts";
import { explain } from "../core/placement/explain.ts";
import type { Policy } from "../core/placement/policy.ts";
import { placeAfresh } from "../core/reconfigure/placeResidents.ts";
import { defaultFailureProbability } from "../core/recovery/failureUnits.ts";
import { UsageError } from "../errors.ts";
import { checkLoadProfile } from "../formats/documents/loadProfile.ts";
import { checkPlacement, type PlacementDocument, placementOf } from "../formats/documents/placement.ts";
import { figureFields, placementDocument, policyOf, withExplanation } from "../formats/placementDocument.ts";
import { placementJson } from "../formats/placementJson.ts";
import { clusterOptions, readCluster, readNodes, spillOption } from "./clusterOptions.ts";
import { defineCommand } from "./command.ts";
import { type OptionValues, option, toggle } from "./option.ts";
import { paretoOption, writePareto } from "./pareto.ts";
import { planOutputOptions, planRenderers } from "./planOptions.ts";
import { policyOptions, readPolicy, usualShares } from "./policyOptions.ts";
import { withStopwatch } from "./progress.ts";
import { readDocument, readDocuments } from "./readDocuments.ts";
import { type RecoverySampler, recoveryMethodOptions, withRecoverySampler } from "./recoveryMethod.ts";
import { readTraining } from "./trainingOptions.ts";
import { warn } from "./warn.ts";
import { type Renderers, writeDocuments } from "./writeDocuments.ts";

const options = {
  ...clusterOptions,
  ...policyOptions,
  spill: spillOption,
  pareto: paretoOption,
  explain: toggle({
    says: "Add what kills the job first, how far the plan is from the upper bound, and what one more slot or node would buy.",
  }),
  audit: option({
    argument: "PLAN",
    parse: (text) => text,
    says: "Assess and explain this placement instead of making one; - is standard input. A plan of SGLang, vllm-ascend, MindIE, TensorRT-LLM or vLLM needs --nodes or --cluster and, as FILE, the load-profile.",
  }),
  ...recoveryMethodOptions,
  ...planOutputOptions,
};

export const place = defineCommand({
  name: "place",
  summary: "choose how many replicas every expert gets and which nodes hold them",
  examples: [
    {
      says: "Ten nodes with six slots each",
      line: "lazarus profile-load routing.csv | lazarus place -n 10 -c 6 -o placement.json",
    },
    { says: "Nodes that differ, in racks", line: "lazarus place profile.json --cluster nodes.csv" },
    {
      says: "For SGLang, DeepSeek-V3 with three dense layers, named nodes of eight GPUs",
      line: "lazarus place profile.json -n 'gpu[01-04]' --gpus 8 -c 72 --placement eplb --num-dense-layers 3 --format sglang -o location.json",
    },
    {
      says: "What does a plan that another system made survive?",
      line: "lazarus place profile.json --audit location.json -n 'gpu[01-04]' --gpus 8 --num-dense-layers 3 --format table",
    },
    { says: "The paper's placement, as a table", line: "lazarus place profile.json -n 10 -c 6 --placement mro --format table" },
  ],
  description: [
    "Reads a load-profile and writes a placement: the expert in every slot of every node, layer by layer, with the exact probability that every expert of every layer survives when 1, 2, ... nodes fail, the most that any placement with these replica counts could reach, and how evenly the GPUs share the load.",
  ],
  input: "a load-profile",
  readsInput: ({ audit }) => audit === undefined,
  options,
  run: async (options, file) =>
    withRecoverySampler(options, (sampler) =>
      writeDocuments(options, renderers(options), async (write) => {
        const documents =
          options.audit === undefined
            ? madePlacements(options, sampler, file)
            : auditedPlacements(options, sampler, options.audit, file);
        for await (const document of documents) await write(document);
        return 0;
      }),
    ),
});

type Options = OptionValues<typeof options>;

function renderers(options: Options): Renderers<PlacementDocument> {
  return {
    check: checkPlacement,
    json: placementJson,
    csv: async () => (await import("../formats/placementCsv.ts")).placementCsv,
    table: async () => (await import("../report/placementTable.ts")).placementTable,
    others: planRenderers(options, (document) => document),
  };
}

/** Places every profile of the input. */
async function* madePlacements(
  options: Options,
  sampler: RecoverySampler | undefined,
  file: string | undefined,
): AsyncGenerator<PlacementDocument> {
  const cluster = await readCluster(options);
  const training = await readTraining(options);
  const policy = readPolicy(options, cluster, training, usualShares(options, options.placement));
  if (options.pareto !== undefined && policy.placement !== "resilient") {
    throw new UsageError(`--pareto is for --placement resilient, not ${policy.placement}; mro, spread and eplb are in it`);
  }
  const slots = totalSlots(cluster);
  for await (const { experts, layers } of readDocuments(file, checkLoadProfile)) {
    if (slots < experts && options.spill === "none") {
      throw new UsageError(
        `${experts} experts do not fit into ${slots} slots: ${experts - slots} more are needed; add nodes or slots, or --spill cpu`,
      );
    }
    const made = await withStopwatch("placing", (watch) => placeAfresh(cluster, layers, { ...policy, watch }));
    if (training) warnOfOtherLayers(training.model, layers.length);
    if (made.keptMinReplicas < policy.minReplicas) warn(lowered(made.keptMinReplicas, policy, cluster, experts));
    if (!made.withinBalanceLimit)
      warn(`no placement within --balance-slack ${policy.balanceSlack} was found; this has the best balance found`);
    if (!made.withinStepBudget)
      warn(`no placement within --step-budget ${policy.stepBudget} was found; this has the shortest step found`);
    if (options.pareto !== undefined) await writePareto(options.pareto, cluster, layers, policy);
    const sampled = await sampler?.(made);
    const document = placementDocument(made, policy, planFigures(made, policy, sampled?.found), sampled?.backend);
    yield options.explain ? await explained(document, made, policy) : document;
  }
}

/** Assesses every placement of a file anew and explains it. */
async function* auditedPlacements(
  options: Options,
  sampler: RecoverySampler | undefined,
  plan: string,
  file: string | undefined,
): AsyncGenerator<PlacementDocument> {
  if (options.pareto !== undefined)
    throw new UsageError("--pareto makes placements, --audit assesses one: leave one of them out");
  const training = await readTraining(options);
  const { readPlacements } = await import("./readPlacements.ts");
  let profileRead = false;
  const context = {
    nodes: () => readNodes(options),
    loads: async () => {
      profileRead = true;
      return file === undefined ? undefined : (await readDocument(file, checkLoadProfile)).layers;
    },
    gpus: options.gpus,
    layerBase: options["layer-base"],
    denseLayers: options["num-dense-layers"],
  };
  for await (const document of readPlacements(plan, context)) {
    if (file !== undefined && !profileRead) throw new UsageError(`--audit reads ${plan}, which has loads; leave out "${file}"`);
    const placement = placementOf(document);
    const { minReplicas } = document.policy;
    const shares = options.shares ?? document.policy.shares;
    const known = policyOf(document, undefined, shares);
    const failureProbability =
      options["failure-probability"] ?? known?.failureProbability ?? defaultFailureProbability(placement.cluster.length);
    const policy = {
      ...(known ?? { placement: options.placement, allocation: options.allocation, minReplicas, seed: options.seed, shares }),
      failureProbability,
      training: training?.costsOn(placement.cluster) ?? known?.training,
    };
    const sampled = await sampler?.(placement);
    const figures = planFigures(placement, policy, sampled?.found);
    const audited = { ...document, ...figureFields(figures, policy, sampled?.backend) };
    yield await explained(audited, placement, policy);
  }
}

function explained(document: PlacementDocument, placement: Placement, policy: Policy): Promise<PlacementDocument> {
  return withStopwatch("explaining", (watch) => withExplanation(document, explain(placement, { ...policy, watch })));
}

/** A step is costed with the layers of the profile. */
function warnOfOtherLayers(model: ModelSpec, layers: number): void {
  if (layers === model.layers) return;
  warn(`the profile has ${layers} layers, ${model.name} has ${model.layers} MoE layers; the step is that of ${layers}`);
}

function lowered(kept: number, { placement, minReplicas }: Policy, cluster: readonly ClusterNode[], experts: number): string {
  const slots = totalSlots(cluster);
  const nodes = cluster.length;
  if (nodes < minReplicas)
    return `${nodes === 1 ? "one node holds" : `${nodes} nodes hold`} only ${kept} of ${minReplicas} replicas apart; --min-replicas is lowered`;
  return slots < experts * minReplicas
    ? `${slots} slots hold only ${kept} of ${minReplicas} replicas of each of ${experts} experts; --min-replicas is lowered`
    : `${placement} gives some experts only ${kept} of ${minReplicas} replicas; it does not know --min-replicas`;
}
