/** lazarus dispatch-plan: from a placement to who sends how many tokens of which expert where. */

import { balancedDispatch } from "../core/dispatch/balancedDispatch.ts";
import { lazarusDispatch } from "../core/dispatch/lazarusDispatch.ts";
import { rankGroups } from "../core/dispatch/rankGroups.ts";
import { type ClusterNode, deadRanks, totalGpus } from "../core/layout/cluster.ts";
import { UsageError } from "../errors.ts";
import {
  checkedLayer,
  type DispatchedLayer,
  type DispatchPlan,
  dispatchPlanCsv,
  dispatchPlanJson,
} from "../formats/dispatchPlanText.ts";
import type { DispatchWeightsDocument } from "../formats/dispatchWeights.ts";
import { rankedPlacementOf } from "../formats/documents/placement.ts";
import { parseIdList, parseNumber } from "../formats/units.ts";
import { clusterOption, nodesOption, readNodes } from "./clusterOptions.ts";
import { defineCommand } from "./command.ts";
import { dispatchSketch } from "./dispatchSketch.ts";
import { choice, type OptionValues, option, toggle } from "./option.ts";
import { numberingSettings, refuseForOwnPlans, strangersOptions } from "./planOptions.ts";
import { plotOption } from "./plotOption.ts";
import { eachCounted, startProgress } from "./progress.ts";
import { type PlanContext, readPlacements } from "./readPlacements.ts";
import { readLoad, readProfile, windowOption } from "./readProfile.ts";
import { type RoutedLayer, routedLayers, type Sources } from "./routedLayers.ts";
import { routingInputOptions, routingInputSettings } from "./routingInput.ts";
import { weightsDocument } from "./weightsDocument.ts";
import { outputOptions, type Renderers, writeDocuments } from "./writeDocuments.ts";

const options = {
  policy: choice({
    choices: ["balanced", "lazarus"],
    says: "How replicas share tokens: balanced makes the busiest rank's load as small as the placement allows, then keeps tokens near; lazarus is the paper's Algorithm 1, with even shares. Default: what the placement was made for, lazarus for even shares, else balanced.",
  }),
  "max-slack": option({
    argument: "RATIO",
    fallback: "0",
    parse: parseNumber(0, 1000),
    says: "How far the busiest rank may exceed the least possible load to keep tokens near, as a fraction of it; balanced only.",
  }),
  weights: toggle({
    says: "Write the share of each expert's tokens that each replica takes, for engines that solve nothing at run time, instead of token counts: those that make the busiest rank's load as small as it can be, also where a plan counts on even shares.",
  }),
  routing: option({
    argument: "FILE",
    parse: (text) => text,
    says: "Routing log or load-profile with ranks that says how many tokens of each expert come from each rank. Without it every rank sends the same share of the placement's loads.",
  }),
  window: {
    ...windowOption,
    says: "Iterations of the routing log to add up: FROM:TO, last:K or all; the default is last:1. A load-profile is taken as it is.",
  },
  ...routingInputOptions,
  "input-format": { ...routingInputOptions["input-format"], says: `For --routing. ${routingInputOptions["input-format"].says}` },
  layers: option({ argument: "LIST", parse: parseIdList, says: "Only these layers, such as 0,3,5-7." }),
  shuffle: toggle({
    says: "Add to the JSON every rank's send counts, receive counts and offsets, as an all-to-all with unequal splits takes them.",
  }),
  nodes: {
    ...nodesOption,
    says: "Nodes of a plan of another system in rank order: how many, or their names such as gpu[001-010].",
  },
  cluster: { ...clusterOption, says: "File with the nodes of a plan of another system, instead of --nodes." },
  profile: option({
    argument: "FILE",
    parse: (text) => text,
    says: "The load-profile that a plan of another system was made for; without it the loads are those of --routing.",
  }),
  ...strangersOptions,
  plot: plotOption("tokens from rank to rank, what each rank computes, and the busiest rank and the traffic of every layer"),
  ...outputOptions,
};

export const dispatchPlan = defineCommand({
  name: "dispatch-plan",
  summary: "compute how many tokens of every expert each rank sends to which rank",
  examples: [
    { says: "Sources unknown: every rank routes alike", line: "lazarus dispatch-plan placement.json" },
    {
      says: "The tokens that one iteration really routed",
      line: "lazarus dispatch-plan placement.json --routing routing.csv --window 20:20",
    },
    {
      says: "The dispatch of an SGLang plan, for recorded routing",
      line: "lazarus dispatch-plan location.json -n 4 --gpus 8 --num-dense-layers 3 --routing routing.csv",
    },
    { says: "Flat rows for another program", line: "lazarus dispatch-plan placement.json --format csv -o dispatch.csv" },
  ],
  description: [
    "Reads a placement (or a recovery-plan, or a plan of SGLang, vllm-ascend, MindIE, TensorRT-LLM or vLLM) and writes a dispatch-plan: for every layer and expert how many tokens go from which source rank to which target rank. For every layer, expert and source the tokens add up to the routed tokens exactly.",
    "Policy balanced (the default for placements that count on free shares) finds the least possible load of the busiest rank exactly, by maximum flow, and among such plans keeps tokens on their own rank first, then their own node, then their own domain. Policy lazarus is the paper's Algorithm 1: every replica takes the same share of its expert's tokens, tokens stay on their rank while its share lasts, the rest goes out in proportion to the shares that are left.",
  ],
  input: "a placement, a recovery-plan or a plan of another system",
  options,
  run: async (options, file) => {
    const sources = await sourceTokens(options);
    const plans = async function* () {
      let isStranger = false;
      const context = planContext(options, sources, () => {
        isStranger = true;
      });
      for await (const document of readPlacements(file, context)) {
        if (!isStranger) refuseForOwnPlans(options, ["profile"]);
        const placement = rankedPlacementOf(document);
        const { cluster } = placement;
        const policy = options.policy ?? (document.policy.shares === "even" ? "lazarus" : "balanced");
        if (policy === "lazarus" && options["max-slack"] > 0)
          throw new UsageError(
            "--max-slack is for --policy balanced, and lazarus has even shares; say that policy, or leave it out",
          );
        yield {
          policy,
          window: document.window,
          cluster,
          ranks: totalGpus(cluster),
          layers: routedLayers(placement, options.layers, sources),
        };
      }
    };
    if (options.weights) {
      checkForWeights(options);
      return writeDocuments(options, await weightsRenderers(options), async (write) => {
        for await (const plan of plans()) await write(weightsDocument(plan));
        return 0;
      });
    }
    return writeDocuments(options, planRenderers(options), async (write) => {
      const { shuffle } = options;
      for await (const { window, policy, cluster, ranks, layers } of plans()) {
        const progress = await startProgress("dispatching", layers.length, (count) => `${count} layers`);
        const followed = eachCounted(dispatched(cluster, layers, policy, options["max-slack"]), progress);
        await write({ window, policy, ranks, shuffle, layers: followed }).finally(progress.stop);
      }
      return 0;
    });
  },
});

type Options = OptionValues<typeof options>;

/** Weights are those of balanced dispatch, whatever keeps tokens near. */
function checkForWeights(options: Options): void {
  if (options.plot !== undefined) throw new UsageError("--plot draws tokens, --weights writes shares: leave one of them out");
  if (options.shuffle) throw new UsageError("--shuffle counts tokens, --weights writes shares: leave one of them out");
  if (options.policy === "lazarus")
    throw new UsageError("--weights are those of --policy balanced; with lazarus all copies of an expert have the same");
  if (options["max-slack"] > 0)
    throw new UsageError("--max-slack keeps tokens near, --weights writes shares: leave one of them out");
}

function planRenderers({ layers }: Options): Renderers<DispatchPlan> {
  return {
    // A plan's layers are checked one by one as they are made.
    check: () => {},
    json: dispatchPlanJson,
    csv: async () => dispatchPlanCsv(),
    table: async () => {
      const { dispatchTable } = await import("../report/dispatchTable.ts");
      return (plan, paint, width) => dispatchTable(plan, paint, width, layers !== undefined);
    },
    picture: dispatchSketch,
    usualName: "dispatch-plan.json",
  };
}

async function weightsRenderers({ layers }: Options): Promise<Renderers<DispatchWeightsDocument>> {
  const { checkDispatchWeights, dispatchWeightsCsv } = await import("../formats/dispatchWeights.ts");
  return {
    check: checkDispatchWeights,
    csv: async () => dispatchWeightsCsv(),
    table: async () => {
      const { weightsTable } = await import("../report/weightsTable.ts");
      return (document, paint, width) => weightsTable(document, paint, width, layers !== undefined);
    },
  };
}

/** Tokens by rank, where a file says them: those of a load-profile, or the sum over a routing log's window. */
async function sourceTokens(options: Options): Promise<Sources | undefined> {
  const { routing: file, window } = options;
  const settings = routingInputSettings(options);
  if (file === undefined) {
    const idle = [...Object.keys(routingInputOptions), "window"].find((name) => options[name as "window"] !== undefined);
    if (idle !== undefined) throw new UsageError(`--${idle} says how to read --routing FILE, which is not given`);
    return undefined;
  }
  const otherwise = { window: { kind: "last", iterations: 1 }, method: { kind: "sum" } } as const;
  return { file, profile: await readProfile(file, { ...settings, window, byRank: true, otherwise }) };
}

/** What is to be known about a plan of another system. */
function planContext(options: Options, sources: Sources | undefined, asked: () => void): PlanContext {
  const { profile } = options;
  return {
    nodes: () => {
      asked();
      return readNodes(options);
    },
    loads: async () => (profile === undefined ? sources?.profile : await readLoad(profile, "dispatch-plan"))?.layers,
    gpus: options.gpus ?? 1,
    ...numberingSettings(options),
  };
}

/** Dispatches layers one at a time, when they are asked for. */
function* dispatched(
  cluster: readonly ClusterNode[],
  layers: Iterable<RoutedLayer>,
  policy: "balanced" | "lazarus",
  maxSlack: number,
): Generator<DispatchedLayer> {
  const levels = rankGroups(cluster);
  const dead = deadRanks(cluster).length;
  for (const { layer, replicas, routing } of layers) {
    const dispatch =
      policy === "lazarus" ? lazarusDispatch(routing, replicas) : balancedDispatch(routing, replicas, levels, maxSlack);
    yield checkedLayer({ layer, dispatch, ...(dead > 0 && { deadRanks: dead }) });
  }
}
