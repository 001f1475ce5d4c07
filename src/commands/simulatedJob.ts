/** The job that a simulation runs: model, hardware, loads, how long, and what the systems do beside training. */

import type { ModelSpec } from "../core/cost/modelSpec.ts";
import { FORECAST_METHODS } from "../core/profile/loadForecast.ts";
import type { LoadProfile } from "../core/profile/loadProfile.ts";
import type { Job } from "../core/simulation/job.ts";
import { busiestExperts, busiestOverAll, type LoadSchedule, loadSchedule } from "../core/simulation/loadSchedule.ts";
import { logNormalLoads } from "../core/simulation/logNormalLoads.ts";
import { InputError, UsageError } from "../errors.ts";
import { hardwarePresetNames, modelPresetNames } from "../formats/presets/index.ts";
import { parseCount, parseNumber, parseSeconds } from "../formats/units.ts";
import type { Input } from "../io/input.ts";
import { checkpointOptions, storeParameters, withStore } from "./checkpointOptions.ts";
import { layoutOptions, layoutParameters, readLayout } from "./layoutOptions.ts";
import { warnOfLongStep } from "./longStep.ts";
import { readHardware, readModel } from "./namedSpecs.ts";
import { choice, type OptionValues, option, toggle } from "./option.ts";
import { readProfiles, withDefaults } from "./readProfile.ts";
import { modelOfPlan, type SimulationInput } from "./simulatedPlan.ts";
import { warn } from "./warn.ts";
import { triggerOption, triggerText } from "./worthOptions.ts";

/** Some systems never finish when failures come faster than checkpoints. */
const TEN_YEARS = 10 * 365 * 86_400;

export const jobOptions = {
  ...layoutOptions,
  ...checkpointOptions,
  model: option({
    words: modelPresetNames,
    argument: "NAME|FILE",
    fallback: "gpt-l",
    parse: (text) => text,
    says: `What is trained: ${modelPresetNames.join(", ")}, or a JSON file like theirs.`,
  }),
  hardware: option({
    words: hardwarePresetNames,
    argument: "NAME|FILE",
    fallback: "rtx3090",
    parse: (text) => text,
    says: `On what: ${hardwarePresetNames.join(", ")}, or a JSON file like theirs.`,
  }),
  slots: option({
    letter: "c",
    argument: "N",
    parse: parseCount(1, 100_000),
    says: "Expert replicas that fit on a node, in each layer; otherwise as the model says.",
  }),
  "min-replicas": option({
    letter: "f",
    argument: "N",
    parse: parseCount(1, 100_000),
    says: "Copies that lazarus keeps of every expert; otherwise as the model says.",
  }),
  "load-spread": option({
    argument: "SIGMA",
    parse: parseNumber(0, 10),
    says: "Log-normal loads of this spread, the same in all layers and steps, instead of FILE.",
  }),
  duration: option({ argument: "TIME", parse: parseSeconds, says: "How long the job runs." }),
  samples: option({
    argument: "N",
    parse: parseCount(1),
    says: "Samples after which it is done; without --duration a job that gets nowhere is cut off after ten years.",
  }),
  "gradient-accumulation": option({
    argument: "STEPS",
    parse: parseCount(1),
    says: "Steps between two synchronisations of the gradients; otherwise as the model says.",
  }),
  pauses: choice({
    choices: ["bytes", "constants"],
    fallback: "bytes",
    says: "How long a reconfiguration, an addition and a rebalance take: as long as their transfers, after the failure is noticed and groups are formed; or the constants of the hardware, as the paper measured them.",
  }),
  "rebalance-every": option({
    argument: "STEPS|none",
    fallback: "200",
    parse: (text) => (text === "none" ? Number.POSITIVE_INFINITY : parseCount(1)(text)),
    says: "Steps after which elastic systems follow the loads.",
  }),
  trigger: option({
    ...triggerOption,
    says: "When lazarus, resilient, flexmoe and fewest-moves move at all, as they look at the loads every --rebalance-every: as with `lazarus recover --trigger`. Otherwise as each usually does.",
  }),
  forecast: choice({
    choices: FORECAST_METHODS,
    says: "Plan for the loads that are expected --rebalance-every steps on instead of those last seen, forecast as `lazarus profile-load --forecast` does.",
  }),
  "keep-experts": toggle({
    says: "Every expert of the log keeps its own loads, so that it counts which ones are busy: of more than the model has those that are busiest over the whole log. Otherwise the places of a layer are ranks: the busiest expert stands in the last place at every step, whichever it is.",
  }),
};

type Options = OptionValues<typeof jobOptions>;

/**
 * The job that the options describe.
 * @param file loads, unless --load-spread gives them
 * @param nodes of the job, where their number is known
 * @throws UsageError, InputError
 */
export async function readJob(
  options: Options,
  file: string | undefined,
  { plan, input, hasLoads }: SimulationInput,
  nodes: number | undefined,
): Promise<Job> {
  const { duration, samples, slots, "min-replicas": minReplicas, "load-spread": spread } = options;
  if (duration === undefined && samples === undefined) {
    throw new UsageError("when does the job end? pass --duration TIME or --samples N");
  }
  if (spread !== undefined && file !== undefined && plan === undefined)
    throw new UsageError(`--load-spread makes loads up, and ${file} has some; leave one of them out`);
  const preset = await readModel(options.model);
  if (plan !== undefined && slots !== undefined) throw new UsageError("--slots: the plan says how many slots a node has");
  const planned = plan === undefined ? preset : modelOfPlan(preset, plan);
  const model: ModelSpec = {
    ...planned,
    slotsPerNode: slots ?? planned.slotsPerNode,
    minReplicas: minReplicas ?? planned.minReplicas,
  };
  const hardware = withStore(await readHardware(options.hardware), options);
  warnOfLongStep(model, hardware);
  const layout = readLayout(options, model, hardware, nodes);
  const loadsOf = async () => {
    if (!hasLoads)
      return loadSchedule(
        [
          layersOf(
            plan!.layers.map(({ loads }) => loads),
            model,
          ),
        ],
        1,
      );
    if (spread !== undefined) return evenLayers(logNormalLoads(model.experts, spread), model);
    return recordedLoads(file, model, input, { keepsExperts: plan !== undefined, follows: options["keep-experts"] });
  };
  return {
    model,
    hardware,
    ...layout,
    loads: await loadsOf(),
    gradientAccumulation: options["gradient-accumulation"] ?? model.gradientAccumulation ?? 1,
    seconds: duration ?? TEN_YEARS,
    samples: samples ?? Number.POSITIVE_INFINITY,
    constantPauses: options.pauses === "constants",
  };
}

/** What of the job goes into the document. */
export function jobParameters(
  options: Options,
  file: string | undefined,
  job: Job,
  { planName, hasLoads }: SimulationInput,
): Record<string, string | number> {
  const { model, hardware } = job;
  const spread = options["load-spread"];
  return {
    model: options.model,
    hardware: hardware.name,
    slots: model.slotsPerNode,
    "min-replicas": model.minReplicas,
    ...(planName === undefined ? {} : { plan: planName }),
    loads: loadsText(spread, hasLoads, file),
    ...(options.duration === undefined ? {} : { duration: options.duration }),
    ...(options.samples === undefined ? {} : { samples: options.samples }),
    ...storeParameters(options),
    ...(options.pauses === "bytes" ? {} : { pauses: options.pauses }),
    ...layoutParameters(job),
    ...(job.globalBatch === undefined ? { "gradient-accumulation": job.gradientAccumulation } : {}),
    "rebalance-every": options["rebalance-every"] === Number.POSITIVE_INFINITY ? "none" : options["rebalance-every"],
    ...(options.trigger && { trigger: triggerText(options.trigger) }),
    ...(options.forecast && { forecast: options.forecast }),
    ...(options["keep-experts"] && { "keep-experts": "yes" }),
  };
}

function loadsText(spread: number | undefined, hasLoads: boolean, file: string | undefined): string {
  if (!hasLoads) return "of the plan";
  return spread === undefined ? (file ?? "-") : `log-normal:${spread}`;
}

/** Loads of a routing log, recorded iteration by iteration, or of load-profiles. */
async function recordedLoads(
  file: string | undefined,
  model: ModelSpec,
  input: Input | undefined,
  { keepsExperts, follows }: { readonly keepsExperts: boolean; readonly follows: boolean },
): Promise<LoadSchedule> {
  const otherwise = { window: { kind: "all" }, method: { kind: "mean" }, every: 1 } as const;
  const source = file ?? "standard input";
  const windows: number[][][] = [];
  const starts: number[] = [];
  for await (const profile of withDefaults(readProfiles(file, { byRank: false, otherwise, input }), "simulate")) {
    windows.push(modelLoads(profile, model, source, keepsExperts, follows));
    starts.push(profile.window.from);
    if (windows.length === 1 && profile.layers.length < model.layers && profile.layers.length > 1) {
      warn(`${source} has ${profile.layers.length} of the ${model.layers} layers of ${model.name}; they stand in for the others`);
    }
  }
  // A single window stands for all steps.
  const steps = windows.length < 2 ? 1 : starts[1]! - starts[0]!;
  if (starts.some((start, i) => i > 0 && start - starts[i - 1]! !== steps) || steps < 1) {
    throw new InputError("the windows do not begin at equal distances; expected one window every so many iterations", {
      file: source,
    });
  }
  return loadSchedule(follows ? busiestOverAll(windows, model.experts) : windows, steps);
}

/**
 * Loads of the model's layers; a log with fewer layers is gone through again.
 * @param keepsExperts whether each expert keeps its loads, as a plan for them needs; otherwise position stands for rank
 */
function modelLoads(
  { layers, experts }: LoadProfile,
  model: ModelSpec,
  file: string,
  keepsExperts: boolean,
  follows: boolean,
): number[][] {
  if (keepsExperts && experts !== model.experts) {
    throw new InputError(`there are ${experts} experts, in the plan ${model.experts}; give the loads of the same model`, {
      file,
    });
  }
  if (experts < model.experts) {
    throw new InputError(`there are ${experts} experts; ${model.name} has ${model.experts}: choose another --model`, { file });
  }
  const kept = layers.slice(0, model.layers).map(({ layer, loads }) => {
    if (!loads.some((tokens) => tokens > 0)) throw new InputError(`layer ${layer} has no tokens in a window`, { file });
    return keepsExperts || follows ? [...loads] : busiestExperts(loads, model.experts);
  });
  return layersOf(kept, model);
}

function layersOf(known: readonly (readonly number[])[], { layers }: ModelSpec): number[][] {
  return Array.from({ length: layers }, (_, l) => known[l % known.length] as number[]);
}

function evenLayers(layer: readonly number[], model: ModelSpec): LoadSchedule {
  return loadSchedule([new Array(model.layers).fill(layer)], 1);
}
