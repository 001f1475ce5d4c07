/** lazarus compare: plans side by side. */
import { comparePlans } from "../core/comparison/comparePlans.ts";
import { DISPATCHERS } from "../core/comparison/layerImbalance.ts";
import { nodeBytesPerSecond } from "../core/cost/hardwareSpec.ts";
import { modelSize } from "../core/cost/modelSize.ts";
import { PLACEMENT_POLICIES, SHARES } from "../core/placement/policy.ts";
import { defaultFailureProbability } from "../core/recovery/failureUnits.ts";
import { UsageError } from "../errors.ts";
import { comparedPlan } from "../formats/comparisonDocument.ts";
import { type ComparisonDocument, checkComparison } from "../formats/documents/comparison.ts";
import { placementOf } from "../formats/documents/placement.ts";
import { parseBytes, parseNumber, parsePercent } from "../formats/units.ts";
import type { DrawnPlan } from "../report/comparisonPicture.ts";
import { clusterOption, nodesOption, readNodes } from "./clusterOptions.ts";
import { defineCommand } from "./command.ts";
import {
  commonLayers,
  judged,
  loadsOf,
  madePlans,
  parsePolicies,
  readPlans,
  sayWhatIsMissing,
  sharesOfPlan,
} from "./comparedPlans.ts";
import { holdsBaseline, readBaseline } from "./comparisonBaseline.ts";
import { parseDispatchers } from "./dispatchers.ts";
import { readHardware } from "./namedSpecs.ts";
import { isFor } from "./needs.ts";
import { choice, type OptionValues, option } from "./option.ts";
import { readJob } from "./placedModel.ts";
import { numberingSettings, refuseForOwnPlans, strangersOptions } from "./planOptions.ts";
import { lastOf, plotOption } from "./plotOption.ts";
import { readLoad, windowOption } from "./readProfile.ts";
import { refuseWithoutLog, replayLog } from "./replayLog.ts";
import { routingInputOptions, routingInputSettings } from "./routingInput.ts";
import { trainingOptions } from "./trainingOptions.ts";
import { warn } from "./warn.ts";
import { outputOptions, type Renderers, writeDocuments } from "./writeDocuments.ts";

const { mtbf: _, ...jobOptions } = trainingOptions;

const options = {
  with: option({
    words: PLACEMENT_POLICIES,
    severalWords: true,
    argument: "POLICY,...",
    parse: parsePolicies,
    says: `Also plans of these policies, made on the spot for the nodes, slots, settings and loads of the first plan (or the loads of --profile): ${PLACEMENT_POLICIES.join(", ")}.`,
  }),
  routing: option({
    argument: "LOG",
    parse: (text) => text,
    says: "Routing log: the plans are judged by the sum of its window, and every iteration of it is replayed on each of them.",
  }),
  window: {
    ...windowOption,
    says: "Iterations of --routing that count: FROM:TO, last:K or all, which is the default.",
  },
  ...routingInputOptions,
  "input-format": { ...routingInputOptions["input-format"], says: `For --routing. ${routingInputOptions["input-format"].says}` },
  profile: option({
    argument: "FILE",
    parse: (text) => text,
    says: "Load-profile or routing log that plans of --with, and plans of other systems, are made for; without --routing all are judged by it, otherwise by the loads of the first plan.",
  }),
  shares: choice({
    choices: SHARES,
    says: "How the tokens of an expert are shared by its copies in steps, traffic and time. Default: what the first plan was made for.",
  }),
  dispatch: option({
    words: DISPATCHERS,
    severalWords: true,
    argument: "DISPATCHER,...",
    parse: parseDispatchers,
    says: "Replay --routing also under these dispatchers, beside the optimum: even (all copies of an expert take the same), lplb (each node's copies share what is theirs by a linear program over the iteration, as DeepSeek's LPLB does within a group of GPUs), optimal (one over all GPUs, as SGLang's lp).",
  }),
  "failure-probability": option({
    argument: "P",
    parse: parseNumber(0, 1),
    says: "Probability that a GPU, a node, a domain fails, independently of the others. Default: 1/N for the first plan's N nodes, at least 0.05.",
  }),
  ...jobOptions,
  "expert-bytes": option({
    argument: "SIZE",
    parse: (text) => Math.round(parseBytes(text)),
    says: "Size of an expert's weights and optimizer state, for the bytes that move. --model says it, too.",
  }),
  nodes: {
    ...nodesOption,
    says: "Nodes of plans of other systems in rank order: how many, or their names such as gpu[001-010].",
  },
  cluster: { ...clusterOption, says: "File with the nodes of plans of other systems, instead of --nodes." },
  ...strangersOptions,
  baseline: option({
    argument: "FILE",
    parse: (text) => text,
    says: "An earlier comparison, JSON or CSV: exit with 1 when a figure of a plan of the same name is worse by more than --max-regression: time of a step, iterations (median, p99, worst), mean balance under --shares, survival; or when fewer failures are always survived.",
  }),
  "max-regression": option({
    argument: "PERCENT",
    parse: parsePercent,
    says: "How much worse than in the baseline a figure may be. Default: 2%.",
  }),
  plot: plotOption(
    "the loads of the ranks, the busiest first, and survival curves of all plans; with --routing also percentiles of a step over the iterations, and its course",
  ),
  ...outputOptions,
};

export const compare = defineCommand({
  name: "compare",
  summary: "judge plans side by side, now and as they age",
  examples: [
    { says: "Is my plan better than DeepSeek's balancer's, and the paper's?", line: "lazarus compare plan.json --with eplb,mro" },
    {
      says: "How do they age? Every iteration of a log, replayed",
      line: "lazarus compare plan.json --with eplb --routing routing.csv --window 11:20",
    },
    {
      says: "In CI, against an earlier comparison",
      line: "lazarus compare plan.json --with eplb --routing now.csv --baseline before.json --max-regression 2%",
    },
    {
      says: "Two plans of SGLang, under its default dispatch",
      line: "lazarus compare old.json new.json -n 4 --gpus 8 --profile profile.json --shares even",
    },
  ],
  description: [
    "Reads placements, recovery-plans and plans of SGLang, vllm-ascend, MindIE, TensorRT-LLM and vLLM, JSON or CSV, and writes what each is worth under the same loads, shares and failures: how even its GPUs are, what it survives, where tokens go, how long a step takes, and what has to move to get there from the first plan.",
    "With --routing, the figures of a step are those of every recorded iteration of the window: the load of the busiest GPU over the mean, averaged over the layers, as its 50th, 90th and 99th percentile and its maximum. A plan that was made earlier thus shows how it ages.",
    "Layers that some plan lacks are left out with a word; plans of models with other experts are refused. Clusters may differ: then nothing is said about moves, and the same probability of failure holds for all.",
  ],
  input: "a placement, a recovery-plan or a plan of another system",
  takesSeveral: () => true,
  options,
  exitCodes: { 1: "Failed: a file could not be read or written, or a figure is worse than the baseline allows." },
  needs: [{ options: ["max-regression"], isMet: ({ baseline }) => baseline !== undefined, says: isFor("--baseline FILE") }],
  run: async (options, file, more) => {
    const { baseline: earlier, "max-regression": allowed } = options;
    const baseline = earlier === undefined ? undefined : await readBaseline(earlier);
    const { document, drawn } = await comparison(options, [file, ...more]);
    const holds = baseline === undefined || holdsBaseline(document, baseline, earlier!, allowed ?? 0.02);
    const picture = async () => {
      const { comparisonPicture } = await import("../report/comparisonPicture.ts");
      return lastOf((compared: ComparisonDocument) => comparisonPicture(compared, drawn));
    };
    await writeDocuments(options, { ...renderers, picture }, (write) => write(document));
    return holds ? 0 : 1;
  },
});

type Options = OptionValues<typeof options>;

const renderers: Renderers<ComparisonDocument> = {
  check: checkComparison,
  csv: async () => (await import("../formats/comparisonCsv.ts")).comparisonCsv,
  table: async () => (await import("../report/comparisonTable.ts")).comparisonTable,
};

/** The document, and what a picture shows beside it. */
interface Comparison {
  readonly document: ComparisonDocument;
  readonly drawn: readonly DrawnPlan[];
}

async function comparison(options: Options, files: readonly (string | undefined)[]): Promise<Comparison> {
  refuseWithoutLog(options);
  const profile = options.profile === undefined ? undefined : await readLoad(options.profile, "compare");
  let isStranger = false;
  const read = await readPlans(files, {
    nodes: () => {
      isStranger = true;
      return readNodes(options);
    },
    loads: async () => profile?.layers,
    gpus: options.gpus ?? 1,
    ...numberingSettings(options),
  });
  if (!isStranger) refuseForOwnPlans(options);
  const first = read[0]!;
  const wanted = commonLayers(read);
  const madeFor = loadsOf(wanted, profile?.layers ?? first.document.layers, options.profile ?? first.name, first.document.layers);
  const shares = options.shares ?? sharesOfPlan(first.document);
  const made = await madePlans(
    first,
    options.with ?? [],
    madeFor,
    shares,
    read.map(({ name }) => name),
  );
  const plans = [
    ...read.map(({ name, document }) => ({ name, policy: document.policy.placement, placement: placementOf(document) })),
    ...made.plans,
  ];
  if (plans.length < 2)
    throw new UsageError(made.refusals[0] ?? "there is one plan; name another, or a policy to compare it with (--with eplb)");
  for (const refusal of made.refusals) warn(`${refusal}; it is left out`);
  const prepared = judged(plans, madeFor);
  const log =
    options.routing === undefined
      ? undefined
      : await replayLog(
          options.routing,
          routingInputSettings(options),
          options.window ?? { kind: "all" },
          prepared.map(({ placement }) => placement),
          shares,
          options.dispatch ?? [],
        );
  const contestants = log ? judged(prepared, loadsOf(wanted, log.profile.layers, options.routing!, madeFor)) : prepared;
  const { model, training } = await readJob({ ...options, mtbf: undefined });
  const failureProbability =
    options["failure-probability"] ??
    first.document.recovery?.failureProbability ??
    first.document.policy.failureProbability ??
    defaultFailureProbability(placementOf(first.document).cluster.length);
  const compared = comparePlans(
    contestants.map(({ placement }) => ({ placement, training: training?.costsOn(placement.cluster) })),
    { shares, failureProbability, seed: first.document.policy.seed },
  );
  sayWhatIsMissing(compared, contestants, training !== undefined);
  const hardware = options.hardware === undefined ? undefined : await readHardware(options.hardware);
  const price = {
    expertBytes: options["expert-bytes"] ?? (model && modelSize(model).expert * model.stateBytesPerParameter),
    bytesPerSecond: hardware && nodeBytesPerSecond(hardware),
  };
  const document: ComparisonDocument = {
    type: "comparison",
    version: 1,
    windows: log ? [{ from: log.profile.window.from, to: log.profile.window.to }] : [],
    ...(log && { iterations: log.iterations }),
    shares,
    failureProbability,
    layers: wanted.length,
    experts: madeFor[0]!.loads.length,
    plans: contestants.map((plan, p) => comparedPlan({ ...plan, ages: log?.ages[p] }, compared[p]!, compared[0]!, price)),
  };
  const drawn = contestants.map(({ name, placement }, p) => ({
    name,
    placement,
    failures: compared[p]!.assessment.recovery.failures,
    iterations: log?.ages[p]?.iterations,
  }));
  return { document, drawn };
}
