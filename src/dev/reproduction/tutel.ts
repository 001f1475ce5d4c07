/** Figure 12: sixteen cloud nodes against Tutel, a random failure every five minutes (section 6.6). */

import type { HardwareSpec } from "../../core/cost/hardwareSpec.ts";
import type { ModelSpec } from "../../core/cost/modelSpec.ts";
import { regularFailures } from "../../core/simulation/failureModels.ts";
import type { RunPolicy } from "../../core/simulation/job.ts";
import type { SystemName } from "../../core/simulation/systems.ts";
import { throughputPicture } from "../../report/simulationPicture.ts";
import { type Contest, contest, type Setting, samplesOver } from "./contest.ts";
import type { Comparison, Figure } from "./figure.ts";
import { type RoutingTrace, replayed } from "./traces.ts";

const NODES = 16;
const SURVIVORS = 8;
const FAILURE_SECONDS = 300;
const SECONDS = 2700;
const GRADIENT_ACCUMULATION = 20;
const ORDERS = 40;

const PAPER = new Map([
  ["gpt-s", { tutel: 2.1, "tutel-ft": 1.8 }],
  ["gpt-l", { tutel: 4.0, "tutel-ft": 3.9 }],
]);

/** Reproduces the figure, with the toolkit's own placement among the systems. */
export function tutel(models: readonly ModelSpec[], hardware: HardwareSpec, trace: RoutingTrace): Figure {
  const comparisons: Comparison[] = [];
  const charts = new Map();
  const contests: Contest[] = [];
  for (const model of models) {
    const outcomes = contest(cloudSetting(model, hardware, trace, ORDERS));
    contests.push({ figure: "12", what: model.name, outcomes });
    const rows = [...outcomes.values()].flatMap(({ timeline }) => timeline);
    charts.set(`figure-12-${model.name}`, throughputPicture(`Figure 12: ${model.name} on sixteen A10G nodes`, rows, SECONDS));
    const printed = PAPER.get(model.name);
    if (printed === undefined) continue;
    for (const other of ["tutel", "tutel-ft"] as const) {
      comparisons.push({
        figure: "12",
        what: `samples of lazarus over ${other}, ${model.name}`,
        paper: printed[other],
        ours: samplesOver(outcomes, "lazarus", other),
        basis: "predicted",
        tolerance: 0.15,
      });
    }
  }
  return { comparisons, charts, contests };
}

/** The figure's setting. */
export function cloudSetting(model: ModelSpec, hardware: HardwareSpec, trace: RoutingTrace, trials: number): Setting {
  return {
    job: {
      model,
      hardware,
      loads: replayed(trace, model.experts),
      gradientAccumulation: GRADIENT_ACCUMULATION,
      constantPauses: true,
      seconds: SECONDS,
      samples: Number.POSITIVE_INFINITY,
    },
    membership: (random) => regularFailures(NODES, FAILURE_SECONDS, SURVIVORS, random),
    policies: new Map<SystemName, RunPolicy>([
      ["lazarus", { rebalanceSteps: 200 }],
      ["tutel-ft", { checkpoint: { steps: 250 } }],
      ["tutel", { checkpoint: { steps: 50 } }],
      ["resilient", { rebalanceSteps: 200 }],
    ]),
    trials,
    secondsBetweenFailures: FAILURE_SECONDS,
  };
}
