/** lazarus place: from a load-profile to a placement of expert replicas on nodes. */
import { type ClusterNode, totalSlots } from "../core/cluster.ts";
import { defaultFailureProbability } from "../core/placement/assess.ts";
import { choosesReplicas, type Policy } from "../core/placement/makePlacement.ts";
import type { Placement } from "../core/placement.ts";
import { failureDomains } from "../core/recovery/failureDomains.ts";
import { UsageError } from "../errors.ts";
import { checkLoadProfile } from "../formats/documents/loadProfile.ts";
import { checkPlacement, type PlacementDocument, placementOf } from "../formats/documents/placement.ts";
import { placementCsv } from "../formats/placementCsv.ts";
import {
  allocationPolicyNames,
  figuresOf,
  placementDocument,
  placementPolicyNames,
  policyOf,
  withExplanation,
} from "../formats/placementDocument.ts";
import { parseCount, parseNumber } from "../formats/units.ts";
import { placementTable } from "../report/placementTable.ts";
import { clusterOptions, readCluster, readNodes, spillOption } from "./clusterOptions.ts";
import { defineCommand } from "./command.ts";
import { choice, type OptionValues, option, toggle } from "./option.ts";
import { placeAfresh } from "./placeResidents.ts";
import { planOutputOptions, planRenderers } from "./planOptions.ts";
import { withStopwatch } from "./progress.ts";
import { readDocument, readDocuments } from "./readDocuments.ts";
import { readPlacements } from "./readPlacements.ts";
import { type RecoverySampler, recoveryMethodOptions, withRecoverySampler } from "./recoveryMethod.ts";
import { warn } from "./warn.ts";
import { type Renderers, writeDocuments } from "./writeDocuments.ts";

const options = {
  ...clusterOptions,
  "min-replicas": option({
    letter: "f",
    argument: "N",
    fallback: "2",
    parse: parseCount(1),
    says: "Copies that every expert has at least: fewer failures than this never lose one.",
  }),
  allocation: choice({
    choices: allocationPolicyNames,
    fallback: "lazarus",
    says: "How many replicas: lazarus in proportion to load (the paper's Eq. 1), even the same for all.",
  }),
  placement: choice({
    choices: placementPolicyNames,
    fallback: "resilient",
    says: "resilient survives the most failures at even load (host sets chosen for all layers together; the dispatcher sets the shares); balanced seeks even load only, for inference; eplb is DeepSeek's load balancer; mro is the paper's placement; spread goes round the nodes; compact fills node after node.",
  }),
  "balance-slack": option({
    argument: "RATIO|none",
    fallback: "0.02",
    parse: (text) => (text === "none" ? Number.POSITIVE_INFINITY : parseNumber(0, 1000)(text)),
    says: "How far the busiest node of any layer may exceed the mean load when the dispatcher sets the shares; resilient only. With none, survival alone counts.",
  }),
  "failure-unit": choice({
    choices: ["node", "domain"],
    says: "What fails as one, for resilient: nodes, or the cluster file's domains; domains where the file has any.",
  }),
  "failure-probability": option({
    argument: "P",
    parse: parseNumber(0, 1),
    says: "Probability that a node fails, independently of the others; default: 1/N, at least 0.05. With domains in the cluster file, a domain's as well.",
  }),
  shares: choice({
    choices: ["free", "even"],
    fallback: "free",
    says: "What balanced counts on: free lets the dispatcher decide what each replica takes (dispatch-plan does), even gives all replicas of an expert the same.",
  }),
  effort: choice({
    choices: ["fast", "normal", "thorough"],
    fallback: "normal",
    says: "How long to search, where there is a search.",
  }),
  groups: option({
    argument: "N",
    fallback: "1",
    parse: parseCount(1),
    says: "Expert groups, for eplb: when the nodes divide them, each stays on one node (hierarchical), otherwise they do not matter (global).",
  }),
  spill: spillOption,
  explain: toggle({
    says: "Add what kills the job first, how far the plan is from the upper bound, and what one more slot or node would buy.",
  }),
  audit: option({
    argument: "PLAN",
    parse: (text) => text,
    says: "Assess and explain this placement instead of making one; - is standard input. A plan of SGLang, vllm-ascend, MindIE, TensorRT-LLM or vLLM needs --nodes or --cluster and, as FILE, the load-profile.",
  }),
  ...recoveryMethodOptions,
  seed: option({
    argument: "N",
    fallback: "0",
    parse: parseCount(0, 0x7fffffff),
    says: "Seed of everything that is drawn: the same seed gives the same bytes.",
  }),
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
    "Reads a load-profile and writes a placement: the expert in every slot of every node, layer by layer, with the exact probability that every expert of every layer survives when 1, 2, ... nodes fail, the most that any placement with these replica counts could reach, and how evenly the nodes share the load.",
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
    csv: placementCsv,
    table: placementTable,
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
  const minReplicas = options["min-replicas"];
  if (minReplicas > cluster.length) {
    throw new UsageError(
      `--min-replicas ${minReplicas}: ${cluster.length} nodes cannot hold that many copies apart; give at most ${cluster.length}`,
    );
  }
  const { placement, allocation, seed } = options;
  const failureProbability = options["failure-probability"] ?? defaultFailureProbability(cluster.length);
  const policy: Policy = {
    placement,
    allocation,
    minReplicas,
    seed,
    failureProbability,
    groups: placement === "eplb" ? options.groups : undefined,
    shares: placement === "balanced" ? options.shares : undefined,
    effort: placement === "balanced" || placement === "resilient" ? options.effort : undefined,
    balanceSlack: placement === "resilient" ? options["balance-slack"] : undefined,
    failureUnit: placement === "resilient" ? (options["failure-unit"] ?? defaultFailureUnit(cluster)) : undefined,
  };
  const slots = totalSlots(cluster);
  for await (const { experts, layers } of readDocuments(file, checkLoadProfile)) {
    if (slots < experts && options.spill === "none") {
      throw new UsageError(
        `${experts} experts do not fit into ${slots} slots: ${experts - slots} more are needed; add nodes or slots, or --spill cpu`,
      );
    }
    const made = await withStopwatch("placing", (watch) => feasible(() => placeAfresh(cluster, layers, { ...policy, watch })));
    if (made.keptMinReplicas < minReplicas) warn(lowered(made.keptMinReplicas, policy, slots, experts));
    if (!made.withinBalanceLimit)
      warn(`no placement within --balance-slack ${policy.balanceSlack} was found; this has the best balance found`);
    const document = placementDocument(made, policy, await sampler?.(made));
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
    const known = policyOf(document);
    const failureProbability =
      options["failure-probability"] ?? known?.failureProbability ?? defaultFailureProbability(placement.cluster.length);
    const policy = {
      ...(known ?? { placement: options.placement, allocation: options.allocation, minReplicas, seed: options.seed }),
      failureProbability,
    };
    const model = { ...policy, freeReplicas: choosesReplicas(policy) };
    const audited = { ...document, ...figuresOf(placement, model, await sampler?.(placement)) };
    yield await explained(audited, placement, policy);
  }
}

function explained(document: PlacementDocument, placement: Placement, policy: Policy): Promise<PlacementDocument> {
  return withStopwatch("explaining", (watch) => withExplanation(document, placement, { ...policy, watch }));
}

/** A policy that cannot place on such a cluster says so; that is the user's to mend. */
function feasible<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof RangeError ? new UsageError(error.message) : error;
  }
}

/** Domains fail as one where the cluster has any that nodes share. */
function defaultFailureUnit(cluster: readonly ClusterNode[]): "node" | "domain" {
  return failureDomains(cluster).count < cluster.length ? "domain" : "node";
}

function lowered(kept: number, { placement, minReplicas }: Policy, slots: number, experts: number): string {
  return slots < experts * minReplicas
    ? `${slots} slots hold only ${kept} of ${minReplicas} replicas of each of ${experts} experts; --min-replicas is lowered`
    : `${placement} gives some experts only ${kept} of ${minReplicas} replicas; it does not know --min-replicas`;
}
