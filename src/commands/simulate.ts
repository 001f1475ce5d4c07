/** lazarus simulate: what training systems achieve on a cluster whose nodes fail. */
import { cleanJson } from "../cleanText.ts";
import { uniformCluster } from "../core/layout/cluster.ts";
import { searchSeconds } from "../core/placement/sizeLimits.ts";
import { simulateTrial } from "../core/simulation/study.ts";
import { totalSeconds } from "../core/simulation/summary.ts";
import { rebalancingSystems, type SystemName, systemNames } from "../core/simulation/systems.ts";
import type { TimelineRow } from "../core/simulation/timeline.ts";
import { UsageError } from "../errors.ts";
import { checkSimulation, type SimulationDocument } from "../formats/documents/simulation.ts";
import { parseCount } from "../formats/units.ts";
import { version } from "../version.ts";
import { announce } from "./announce.ts";
import { meantInstead } from "./closestWord.ts";
import { defineCommand } from "./command.ts";
import { failureOptions } from "./failureOptions.ts";
import { isFor } from "./needs.ts";
import { type OptionValues, option, toggle } from "./option.ts";
import { lastOf, plotOption, type Sketch } from "./plotOption.ts";
import { startProgress } from "./progress.ts";
import { jobOptions } from "./simulatedJob.ts";
import { readSimulationInput } from "./simulatedPlan.ts";
import { simulatedStudy } from "./simulatedStudy.ts";
import { outcomeOf, whatIfStudies } from "./whatIf.ts";
import { outputOptions, type Renderers, writeDocuments } from "./writeDocuments.ts";
import { openFile } from "./writeFile.ts";

const options = {
  ...failureOptions,
  ...jobOptions,
  systems: option({
    words: systemNames,
    severalWords: true,
    argument: "LIST",
    fallback: "lazarus,ds-ft,ds",
    parse: parseSystems,
    says: `Systems to compare, the first one being the measure of the others: ${systemNames.join(", ")}.`,
  }),
  plan: option({
    argument: "PLACEMENT",
    parse: (text) => text,
    says: "Start from this placement, recovery-plan or plan of another system as the first system, `plan`, which goes on by the policy that made it; with --rebalance-every none it stays with it while no node fails. A placement in place of FILE does the same, with its own loads.",
  }),
  trials: option({
    argument: "N",
    fallback: "1",
    parse: parseCount(1, 100_000),
    says: "Trials, at most 100000, with the seeds from --seed on; each writes a document of its own.",
  }),
  seed: option({
    argument: "N",
    fallback: "0",
    parse: parseCount(0, 0x7fffffff),
    says: "Seed of everything that is drawn: the same seed gives the same bytes.",
  }),
  timeline: option({
    argument: "FILE.csv",
    writes: true,
    parse: (text) => text,
    says: "Write every change of the first trial: system,second,nodes,samplesPerSecond,event,training,samples.",
  }),
  plot: plotOption(
    "throughput of the first trial, a panel a system, with failures, restarts and checkpoints below, and samples over time; with --summarize, mean throughput with intervals by what varies",
  ),
  "what-if": toggle({
    says: "Say as well what one spare more (with --mtbf), a checkpoint store twice as fast and a slot more on every GPU would buy: each trial again on the same failures, so that the differences have intervals.",
  }),
  summarize: toggle({
    says: "The FILEs hold simulation documents, JSON one a line or CSV: print their means instead of simulating.",
  }),
  ...outputOptions,
};

/** What goes with --summarize. */
const OF_SUMMARIES: readonly string[] = ["summarize", "plot", ...Object.keys(outputOptions)];

export const simulate = defineCommand({
  name: "simulate",
  summary: "compare training systems on a cluster whose nodes fail",
  examples: [
    {
      says: "A node fails every five minutes until half of ten are left (the paper's Figure 6)",
      line: "lazarus simulate routing.csv --model gpt-l --hardware rtx3090 -n 10 --fail-every 5m --duration 30m --format table",
    },
    {
      says: "A recorded spot instance trace, with a picture",
      line: "lazarus simulate routing.csv -n 10 --trace p3-trace.csv --duration 80m --plot spot.svg",
    },
    {
      says: "Five million samples of DeepSeek-V3 on 64 nodes, ten trials",
      line: "lazarus simulate --load-spread 0.5 --model deepseek-v3 --hardware h200 -n 64 --preemption-probability 0.05 --samples 5000000 --trials 10",
    },
    { says: "Means of many runs", line: "lazarus simulate --summarize run-*.json" },
  ],
  description: [
    "Reads a routing log, or load-profiles one a line, replays it over and over, and simulates a training job on nodes that fail and join: every step, checkpoint, restart, reconfiguration and rebalance. Writes a simulation document a trial: what each system reached, and where its time went.",
    "Systems: lazarus places replicas by load and keeps training on the survivors; resilient does so too, with this toolkit's placement for goodput (for survival and balance beyond 24 nodes, where a search takes long, and with several GPUs a node) and balanced dispatch; flexmoe starts from lazarus' plan and goes on from it by FlexMoE's few moves, fewest-moves from resilient's by those that level most for each copy fetched and let no survival fall (both judge moves by the time of a layer); ds is DeepSpeed's expert parallelism, which restarts from a checkpoint; ds-ft regroups the survivors while they hold all experts; tutel and tutel-ft are the same without computing on padding. ds-async is ds with checkpoints that are written in the background; peer-memory is ds with a copy of the state in a peer's memory at every step, as in Gemini, and moevement with one that operators join in turn and with a recovery of the failed node's peers alone, as in MoEvement.",
    "With --pp: recycle reroutes the micro-batches of a dead worker to the other workers of its stage, with split backward passes and staggered optimizers, as in ReCycle; oobleck divides the layers of an incomplete pipeline anew among those it has left, as with Oobleck's templates, and dissolves a pipeline of fewer than half its stages. Both need a full copy of each stage in every pipeline: they cannot serve layers whose experts are spread over several pipelines (--ep above --tp) and refuse to. hybrid is this toolkit's own: it reroutes dense layers as recycle does and places the experts of each stage over its live nodes. ds and its like go on with as many whole pipelines as the live nodes hold. Schedules are made where an iteration has up to 20,000 micro-batches times stages; beyond, the period that none can beat stands in.",
    "resilient plans for failures as often as --fail-every, --mtbf or --preemption-probability makes them, and for one an hour where --trace or --failures name them, since it may not look ahead; --expected-mtbf says otherwise. Where failures are not said to be independent (--trace, --failures, --mtbf domain=TIME) it counts on another node going with the first, as in the paper's spot instance trace. It reviews its plan every ten recorded windows, keeps it while a step takes at most 2 % longer than with the loads it was made for, and goes on without a pause where a rebalance would change nothing; lazarus always pauses, as in the paper.",
    "The step-time model, its constants and what they were fitted to stand in the model and hardware files. A trial with the same seed has the same failures for all systems.",
    "Limits: 100,000 nodes, of which lazarus and resilient place at most 10,000; traces of 1,000,000 changes, and 2,000,000,000 changes times nodes. Where it takes more than a minute, a line says how long.",
  ],
  input: "a routing log or load-profiles",
  readsInput: (options) => options["load-spread"] === undefined && options.plan === undefined,
  takesSeveral: ({ summarize }) => summarize,
  options,
  needs: [
    {
      options: Object.keys(options).filter((name) => !OF_SUMMARIES.includes(name)),
      isMet: ({ summarize }) => !summarize,
      says: "is for simulating, --summarize adds up what was simulated: leave one of them out",
    },
    { options: ["spare-start"], isMet: ({ spares }) => spares !== undefined, says: isFor("--spares N") },
  ],
  run: async (options, file, more, typed) => {
    const timeline: TimelineRow[] = [];
    const picture = () => (options.summarize ? sweepSketch() : trialSketch(timeline));
    return writeDocuments(options, { ...renderers, picture }, async (write) => {
      await write(options.summarize ? await summarized([file, ...more]) : await simulations(options, file, timeline, typed));
      return 0;
    });
  },
});

type Options = OptionValues<typeof options>;

/** Documents are written together, so that a table can add them up. */
const renderers: Renderers<readonly SimulationDocument[]> = {
  check: (documents, source) => documents.forEach((document) => void checkSimulation(document, source)),
  json: (documents) => documents.map((document) => `${cleanJson(JSON.stringify(document))}\n`),
  csv: async () => {
    const { simulationCsv } = await import("../formats/simulationCsv.ts");
    return (documents) => documents.flatMap((document, i) => [...simulationCsv(document, i === 0)]);
  },
  table: async () => (await import("../report/simulationTable.ts")).simulationTable,
};

/** The first trial, whose timeline is filled meanwhile. */
async function trialSketch(timeline: readonly TimelineRow[]): Promise<Sketch<readonly SimulationDocument[]>> {
  const { throughputPicture } = await import("../report/simulationPicture.ts");
  return lastOf(([first]) => {
    const { model, hardware } = first!.parameters;
    const end = timeline.reduce((last, { second }) => Math.max(last, second), 0);
    return throughputPicture(`${model} on ${hardware}`, timeline, end);
  });
}

async function sweepSketch(): Promise<Sketch<readonly SimulationDocument[]>> {
  const [{ sweepPicture }, { simulationGroups }] = await Promise.all([
    import("../report/sweepPicture.ts"),
    import("../report/simulationTable.ts"),
  ]);
  return lastOf((documents) => (documents.length === 0 ? "there is no simulation" : sweepPicture(simulationGroups(documents))));
}

/** @param timeline filled with the first trial's where somebody wants it */
async function simulations(
  options: Options,
  file: string | undefined,
  timeline: TimelineRow[],
  typed: ReadonlySet<string>,
): Promise<SimulationDocument[]> {
  if (options["what-if"] && options.format === "csv") {
    throw new UsageError("--what-if: CSV has no columns for it; ask for --format json or table");
  }
  const writeTimeline = options.timeline === undefined ? undefined : openFile(options.timeline);
  const input = await readSimulationInput(options, file);
  const { plan } = input;
  const rebalances = plan !== undefined || options.systems.some((name) => rebalancingSystems.includes(name));
  if (typed.has("rebalance-every") && !rebalances)
    throw new UsageError(`--rebalance-every ${isFor(`--systems with ${rebalancingSystems.join(", ")}`)}`);
  const nodes = options.nodes ?? plan?.nodes.length;
  if (plan !== undefined && nodes !== plan.nodes.length) {
    throw new UsageError(`-n ${nodes}: the plan has ${plan.nodes.length} nodes; leave -n out`);
  }
  const study = await simulatedStudy(options, file, input, nodes);
  const { job, contestants, secondsBetween } = study;
  const wanted = options.timeline !== undefined || options.plot !== undefined;
  if (options.systems.includes("resilient") && options.nodes !== undefined) {
    const cluster = uniformCluster(options.nodes, job.model.slotsPerNode, job.hardware.gpusPerNode);
    const changes = options.duration === undefined ? 1 : 1 + options.duration / secondsBetween;
    const plans = Math.min(options.nodes, changes * options.trials);
    const layers = new Set(job.loads.windows[0]?.loads).size;
    announce("planning for resilient", plans * searchSeconds(cluster, layers), "; fewer nodes or failures take less");
  }
  const changes = options["what-if"] ? await whatIfStudies(options, file, input, nodes, study) : [];
  const progress = await startProgress("simulating", 100 * options.trials, (percent) => trialsText(percent / 100));
  const documents: SimulationDocument[] = [];
  for (let trial = 0; trial < options.trials; trial++) {
    const seed = options.seed + trial;
    const note = (row: TimelineRow) => {
      if (wanted && trial === 0) timeline.push(row);
      const run = contestants.findIndex(({ system }) => system.name === row.system);
      const share = Math.max(row.second / job.seconds, row.samples / job.samples);
      progress.update(100 * (trial + (run + Math.min(1, share)) / contestants.length));
    };
    const runs = simulateTrial(study, seed, note);
    documents.push({
      type: "simulation",
      version: 1,
      program: `lazarus ${version}`,
      seed,
      parameters: study.parameters,
      seconds: Math.max(...runs.map(totalSeconds)),
      runs,
      ...(changes.length === 0 ? {} : { whatIf: changes.map(({ change, changed }) => outcomeOf(change, changed, seed)) }),
    });
  }
  progress.stop();
  if (writeTimeline !== undefined) {
    const { timelineCsv } = await import("../formats/simulationCsv.ts");
    await writeTimeline(timelineCsv(timeline));
  }
  return documents;
}

async function summarized(files: readonly (string | undefined)[]): Promise<SimulationDocument[]> {
  const { readSimulations } = await import("./readSimulations.ts");
  const { distinctRuns } = await import("./distinctRuns.ts");
  const found: SimulationDocument[] = [];
  for (const file of files) for await (const document of readSimulations(file)) found.push(document);
  const documents = distinctRuns(found);
  return documents;
}

function trialsText(trials: number): string {
  return trials === 1 ? "one trial" : `${Math.floor(trials)} trials`;
}

function parseSystems(text: string): SystemName[] {
  const names = text.split(",").map((entry) => {
    const found = systemNames.find((name) => name === entry.trim());
    if (found === undefined) {
      const meant = meantInstead(entry.trim(), systemNames);
      throw new Error(`expected names between commas, from ${systemNames.join(", ")}${meant}`);
    }
    return found;
  });
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new Error(`expected each system once, ${twice} is there twice`);
  return names;
}
