/** lazarus place: from a load-profile to a placement of expert replicas on nodes. */

import { totalSlots } from "../core/layout/cluster.ts";
import type { LayerLoads } from "../core/layout/placement.ts";
import { planFigures } from "../core/placement/assess.ts";
import { searchSeconds } from "../core/placement/sizeLimits.ts";
import { placeAfresh } from "../core/reconfigure/placeResidents.ts";
import { UsageError } from "../errors.ts";
import { checkPlacement, type PlacementDocument } from "../formats/documents/placement.ts";
import { placementDocument } from "../formats/placementDocument.ts";
import { placementJson } from "../formats/placementJson.ts";
import { withRedundancy } from "../formats/redundancyDocument.ts";
import { checkShown } from "../report/checkShown.ts";
import { announce } from "./announce.ts";
import { spillOption } from "./clusterOptions.ts";
import { defineCommand } from "./command.ts";
import { layersToPlace } from "./denseLayers.ts";
import { bytesOfSlot, chosenSlots, findFewestSlots } from "./findFewestSlots.ts";
import { hostCopiesOption, reloaded } from "./hostCopiesOption.ts";
import { type OptionValues, option, toggle } from "./option.ts";
import { paretoOption, writePareto } from "./pareto.ts";
import { auditedPlacements, explained } from "./placeAudit.ts";
import { type PlannedFor, readJob, warnOfOtherModel, withModelsLayers } from "./placedModel.ts";
import { fromOptions, placedFrom, placesAnew } from "./placeFrom.ts";
import { beyondLimit, checkFit, lowered } from "./placementWarnings.ts";
import { placeNeeds } from "./placeNeeds.ts";
import { numberingSettings, planOutputOptions, planRenderers } from "./planOptions.ts";
import { lastOf, plotOption } from "./plotOption.ts";
import { policyOptions, readPolicy, usualShares } from "./policyOptions.ts";
import { withStopwatch } from "./progress.ts";
import { readLoads } from "./readProfile.ts";
import { type RecoverySampler, recoveryMethodOptions, withRecoverySampler } from "./recoveryMethod.ts";
import { placeRobustly, robustOption } from "./robustOption.ts";
import { shownOptions, whatIsShown } from "./shownOptions.ts";
import { readWantedCluster, slotOptions, slotsUnderstood } from "./slotOptions.ts";
import { warn } from "./warn.ts";
import { formatOf, type Renderers, writeDocuments } from "./writeDocuments.ts";

const options = {
  ...slotOptions,
  ...policyOptions,
  ...fromOptions,
  spill: spillOption,
  pareto: paretoOption,
  robust: robustOption,
  "host-copies": hostCopiesOption,
  explain: toggle({
    says: "Add what kills the job first, how far the plan is from the upper bound, and what one more slot or node would buy.",
  }),
  audit: option({
    argument: "PLAN",
    parse: (text) => text,
    says: "Assess and explain this placement instead of making one; - is standard input. A plan of SGLang, vllm-ascend, MindIE, TensorRT-LLM or vLLM needs --nodes or --cluster and, as --profile or FILE, the loads.",
  }),
  profile: option({
    argument: "FILE",
    parse: (text) => text,
    says: "The loads that a plan of another system was made for, with --audit: a load-profile or a routing log.",
  }),
  ...recoveryMethodOptions,
  plot: plotOption(
    "loads of the ranks before and after, which node holds how many copies of which expert, the survival curve with its bound, and what one, two and three failed nodes take with them",
  ),
  ...planOutputOptions,
  ...shownOptions,
};

export const place = defineCommand({
  name: "place",
  summary: "choose how many replicas every expert gets and which nodes hold them",
  examples: [
    {
      says: "Ten nodes with six slots each",
      line: "lazarus profile-load routing.csv | lazarus place -n 10 -c 6 -o placement.json",
    },
    {
      says: "The fewest slots with which no two failed nodes ever lose an expert",
      line: "lazarus place profile.json -n 10 -c auto --survive 2 --format table",
    },
    { says: "Nodes that differ, in racks", line: "lazarus place profile.json --cluster nodes.csv" },
    {
      says: "For SGLang, DeepSeek-V3 with three dense layers, named nodes of eight GPUs",
      line: "lazarus place profile.json -n 'gpu[01-04]' --gpus 8 -c 72 --placement eplb --num-dense-layers 3 --format sglang -o location.json",
    },
    {
      says: "Yesterday's plan brought up to today's loads by at most 20 copies",
      line: "lazarus place today.json --from placement.json --placement balanced --max-moves 20 -o placement.json",
    },
    {
      says: "What does a plan that another system made survive?",
      line: "lazarus place profile.json --audit location.json -n 'gpu[01-04]' --gpus 8 --num-dense-layers 3 --format table",
    },
    { says: "The paper's placement, as a table", line: "lazarus place profile.json -n 10 -c 6 --placement mro --format table" },
  ],
  description: [
    "Reads a load-profile, JSON or CSV, and writes a placement: the expert in every slot of every node, layer by layer, with the exact probability that every expert of every layer survives when 1, 2, ... nodes fail, the most that any placement with these replica counts could reach, and how evenly the GPUs share the load.",
    "A routing log, records of another system or a table of loads is taken as `lazarus profile-load` reads it with its defaults: the mean of all iterations, which a line says. Of several load-profiles each is placed; their windows are kept.",
    "Limits: 10,000 nodes and 20,000,000 slots in all layers together; resilient searches for an hour at most, which is 4,000 nodes of one GPU and 58 layers, and says so in advance where it takes more than a minute.",
  ],
  input: "a load-profile or routing log",
  readsInput: ({ audit }) => audit === undefined,
  options,
  needs: placeNeeds,
  run: async (typed, file) => {
    const job = await readJob(typed);
    const options = withModelsLayers(typed, job.model);
    return withRecoverySampler(options, (sampler) =>
      writeDocuments(options, renderers(options), async (write) => {
        const documents =
          options.from !== undefined
            ? placedFrom(options.from, options, job, file)
            : options.audit === undefined
              ? madePlacements(placesAnew(options), job, sampler, file)
              : auditedPlacements(placesAnew(options), job, sampler, options.audit, file);
        for await (const document of documents) await write(document);
        return 0;
      }),
    );
  },
});

type Options = OptionValues<typeof options>;
/** By a policy that needs no plan to go on from. */
type PlacingOptions = ReturnType<typeof placesAnew<Options>>;

function renderers(options: Options): Renderers<PlacementDocument> {
  const shown = whatIsShown(options);
  return {
    check: checkPlacement,
    json: placementJson,
    csv: async () => (await import("../formats/placementCsv.ts")).placementCsv(),
    table: async () => {
      const { placementTable } = await import("../report/placementTable.ts");
      return (document, paint, width) => placementTable(document, paint, width, shown);
    },
    usualName: "placement.json",
    picture: async () => lastOf((await import("../report/placementPicture.ts")).placementPicture),
    others: planRenderers(options, (document) => document),
  };
}

/** Places every profile of the input. */
async function* madePlacements(
  options: PlacingOptions,
  { model, training }: PlannedFor,
  sampler: RecoverySampler | undefined,
  file: string | undefined,
): AsyncGenerator<PlacementDocument> {
  if (options.profile !== undefined)
    throw new UsageError("--profile goes with --audit; the loads to place are FILE or standard input");
  const { nodes, withSlots, goal } = await readWantedCluster(options);
  const asked = readPolicy(options, nodes, training, usualShares(options, options.placement));
  if (options.pareto !== undefined && asked.placement !== "resilient") {
    throw new UsageError(`--pareto is for --placement resilient, not ${asked.placement}; mro, spread and eplb are in it`);
  }
  if (options.robust && goal !== undefined)
    throw new UsageError("--robust weighs plans on the same slots; --slots auto seeks the slots: leave one of them out");
  for await (const { experts, layers: read, window, forecast } of readLoads(file, "place")) {
    const layers = layersToPlace(read, numberingSettings(options), options.format);
    checkShown(whatIsShown(options), nodes, layers);
    const fewest = goal && (await findFewestSlots(nodes, layers, asked, goal));
    const policy = fewest?.policy ?? asked;
    const cluster = fewest?.chosen.made.cluster ?? withSlots(experts);
    const wanted = options["min-replicas"];
    checkFit(totalSlots(cluster), experts, options.spill, wanted);
    if (policy.placement === "resilient" && fewest === undefined)
      announce("placing", searchSeconds(cluster, layers.length), "; --placement mro or spread takes seconds");
    const made =
      fewest?.chosen.made ??
      (await withStopwatch("placing", (watch) => {
        const place = (loads: readonly LayerLoads[]) => placeAfresh(cluster, loads, { ...policy, watch });
        return options.robust ? placeRobustly(layers, forecast, policy, place) : place(layers);
      }));
    const understood = slotsUnderstood(options.slots, cluster, experts);
    if (understood !== undefined) warn(understood);
    if (model) warnOfOtherModel(model, layers.length, experts);
    const isAsked = wanted !== undefined || policy.placement !== "eplb";
    if (isAsked && made.keptMinReplicas < policy.minReplicas) warn(lowered(made.keptMinReplicas, policy, cluster, experts));
    if (!made.withinStepBudget)
      warn(`no placement within --step-budget ${policy.stepBudget} was found; this has the shortest step found`);
    if (options.pareto !== undefined) await writePareto(options.pareto, cluster, layers, policy);
    const sampled = await sampler?.(made);
    const plan = placementDocument(made, policy, planFigures(made, policy, sampled?.found), {
      backend: sampled?.backend,
      window: window.ofSeveral ? window : undefined,
    });
    if (!made.withinBalanceLimit) warn(await beyondLimit(plan, policy));
    const slotBytes = bytesOfSlot(layers.length, options["expert-bytes"], model);
    const known = reloaded(plan, made, policy, options["host-copies"]);
    const document = fewest && goal ? withRedundancy(known, fewest, goal, slotBytes) : known;
    if (fewest && formatOf(options) !== "table") warn(await chosenSlots(document));
    yield options.explain ? await explained(document, made, policy) : document;
  }
}
