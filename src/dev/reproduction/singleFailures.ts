/** Figures 6 and 7: a random node fails every 5 or every 40 minutes until half of ten are left (section 6.2). */

import type { HardwareSpec } from "../../core/cost/hardwareSpec.ts";
import type { ModelSpec } from "../../core/cost/modelSpec.ts";
import { regularFailures } from "../../core/simulation/failureModels.ts";
import type { RunPolicy } from "../../core/simulation/job.ts";
import type { SystemName } from "../../core/simulation/systems.ts";
import { throughputPicture } from "../../report/simulationPicture.ts";
import { type Contest, contest, type Outcome, type Setting, samplesOver } from "./contest.ts";
import type { Comparison, Figure } from "./figure.ts";
import { mean } from "./mean.ts";
import { type RoutingTrace, replayed } from "./traces.ts";

const NODES = 10;
const SURVIVORS = 5;
const ORDERS = 40;
const REBALANCE_STEPS = 200;

/** How often a node fails, how long the job runs, and the checkpoint intervals that go with it. */
interface Frequency {
  readonly figure: string;
  readonly everySeconds: number;
  readonly seconds: number;
  readonly restartingSteps: number;
  readonly faultTolerantSteps: number;
}

export const OFTEN: Frequency = { figure: "6", everySeconds: 300, seconds: 1800, restartingSteps: 50, faultTolerantSteps: 250 };
export const RARELY: Frequency = {
  figure: "7",
  everySeconds: 2400,
  seconds: 14_400,
  restartingSteps: 200,
  faultTolerantSteps: 1000,
};

/**
 * Reproduces both figures.
 * @param models gpt-s, gpt-m and gpt-l
 * @param orders failure orders to average over
 * @param withResilient whether the toolkit's own placement takes part, which takes a minute
 */
export function singleFailures(
  models: readonly ModelSpec[],
  hardware: HardwareSpec,
  trace: RoutingTrace,
  orders = ORDERS,
  withResilient = false,
): Figure {
  const [small, medium, large] = models as [ModelSpec, ModelSpec, ModelSpec];
  const charts = new Map();
  const contests: Contest[] = [];
  const run = (frequency: Frequency, model: ModelSpec) => {
    const setting = regularSetting(frequency, model, hardware, trace, orders);
    const policies = new Map<SystemName, RunPolicy>(
      withResilient ? [...setting.policies, ["resilient", ELASTIC_POLICY]] : setting.policies,
    );
    const outcomes = contest({ ...setting, policies });
    contests.push({ figure: frequency.figure, what: model.name, outcomes });
    const title = `Figure ${frequency.figure}: ${model.name}, a node fails every ${frequency.everySeconds / 60} minutes`;
    charts.set(`figure-${frequency.figure}-${model.name}`, throughputPicture(title, timelines(outcomes), frequency.seconds));
    return outcomes;
  };
  const often = { small: run(OFTEN, small), medium: run(OFTEN, medium), large: run(OFTEN, large) };
  const rarely = { small: run(RARELY, small), medium: run(RARELY, medium), large: run(RARELY, large) };
  const comparisons: Comparison[] = [
    { figure: "6", what: "steps of lazarus, gpt-s", paper: 2926, ours: steps(often.small), basis: "fitted", tolerance: 0.03 },
    { figure: "6", what: "steps of lazarus, gpt-l", paper: 1996, ours: steps(often.large), basis: "fitted", tolerance: 0.03 },
    ratio("6", "ds", "gpt-s", 2.8, often.small, "fitted"),
    ratio("6", "ds", "gpt-l", 5.7, often.large, "fitted"),
    ratio("6", "ds-ft", "gpt-s", 1.4, often.small, "predicted"),
    ratio("6", "ds-ft", "gpt-l", 2.8, often.large, "predicted"),
    rate("lazarus", 45, rarely.medium),
    rate("ds", 34, rarely.medium),
    ratio("7", "ds", "gpt-s", 1.6, rarely.small, "predicted"),
    ratio("7", "ds", "gpt-l", 2.3, rarely.large, "predicted"),
    {
      figure: "7",
      what: "gpt-l samples/s with 5 nodes over 6 nodes",
      ours: rateWith(5, rarely.large) / rateWith(6, rarely.large),
      basis: "predicted",
      remark: "the paper's curve rises too: with 5 nodes f drops to 1",
    },
  ];
  return { comparisons, charts, contests };
}

/** One failure at a time never takes both copies of an expert, so elastic systems need no checkpoints here. */
const ELASTIC_POLICY: RunPolicy = { rebalanceSteps: REBALANCE_STEPS };

/** A figure's setting with the systems of the paper. */
export function regularSetting(
  frequency: Frequency,
  model: ModelSpec,
  hardware: HardwareSpec,
  trace: RoutingTrace,
  trials: number,
): Setting {
  const { seconds, everySeconds, restartingSteps, faultTolerantSteps } = frequency;
  return {
    job: {
      model,
      hardware,
      loads: replayed(trace, model.experts),
      gradientAccumulation: 1,
      constantPauses: true,
      seconds,
      samples: Number.POSITIVE_INFINITY,
    },
    membership: (random) => regularFailures(NODES, everySeconds, SURVIVORS, random),
    policies: new Map<SystemName, RunPolicy>([
      ["lazarus", ELASTIC_POLICY],
      ["ds-ft", { checkpoint: { steps: faultTolerantSteps } }],
      ["ds", { checkpoint: { steps: restartingSteps } }],
    ]),
    trials,
    secondsBetweenFailures: everySeconds,
  };
}

type Outcomes = ReadonlyMap<SystemName, Outcome>;

function timelines(outcomes: Outcomes) {
  return [...outcomes.values()].flatMap(({ timeline }) => timeline);
}

function steps(outcomes: Outcomes): number {
  return outcomes.get("lazarus")!.steps;
}

function ratio(
  figure: string,
  other: SystemName,
  model: string,
  paper: number,
  outcomes: Outcomes,
  basis: Comparison["basis"],
): Comparison {
  const ours = samplesOver(outcomes, "lazarus", other);
  return { figure, what: `samples of lazarus over ${other}, ${model}`, paper, ours, basis, tolerance: 0.15 };
}

/** Samples a second while computing with all nodes, before the first failure. */
function rate(system: SystemName, paper: number, outcomes: Outcomes): Comparison {
  const ours = rateWith(NODES, outcomes, system);
  return { figure: "7", what: `gpt-m samples/s of ${system}, 10 nodes`, paper, ours, basis: "fitted", tolerance: 0.03 };
}

/** Mean rate while that many nodes train, over the changes of the loads. */
function rateWith(nodes: number, outcomes: Outcomes, system: SystemName = "lazarus"): number {
  const rows = outcomes.get(system)!.timeline.filter((row) => row.training === nodes && row.event === "loads");
  return mean(rows.map((row) => row.samplesPerSecond));
}
