/** The training systems that can be simulated, by name. */

import type { ModelSpec } from "../cost/modelSpec.ts";
import { stepCostCoefficients, stepSeconds } from "../cost/stepCost.ts";
import type { TrainingSpec } from "../cost/trainingSpec.ts";
import { type CheckpointMethod, storeCosts, youngDalySeconds } from "./checkpointing.ts";
import { elasticPlan } from "./elasticPlan.ts";
import { elasticSystem } from "./elasticSystem.ts";
import { expertParallelSystem } from "./expertParallelSystem.ts";
import { hybridSystem } from "./hybridSystem.ts";
import type { PlannedJob, RunPolicy } from "./job.ts";
import { placedLayout } from "./jobIteration.ts";
import { keptPlans, newPlans, type PlanBook } from "./planBook.ts";
import { type ExpectedFailures, lazarusPlanner, resilientPlanner } from "./planners.ts";
import { planTransfers } from "./planTransfers.ts";
import { reroutedSystem } from "./reroutedSystem.ts";
import type { TrainingSystem } from "./trainingSystem.ts";

/** Classic expert parallelism and what its variants do differently. */
const expertParallel = {
  "ds-ft": { faultTolerant: true, computesPadding: true },
  ds: { faultTolerant: false, computesPadding: true },
  "ds-async": { faultTolerant: false, computesPadding: true },
  "peer-memory": { faultTolerant: false, computesPadding: true },
  moevement: { faultTolerant: false, computesPadding: true },
  "tutel-ft": { faultTolerant: true, computesPadding: false },
  tutel: { faultTolerant: false, computesPadding: false },
} as const;

/** Names of the systems. */
export const systemNames = [
  "lazarus",
  "resilient",
  "ds-ft",
  "ds",
  "ds-async",
  "peer-memory",
  "moevement",
  "tutel-ft",
  "tutel",
  "recycle",
  "oobleck",
  "hybrid",
] as const;

/** Those among them that need a layout with pipelines. */
export const pipelineSystems: readonly string[] = ["recycle", "oobleck", "hybrid"];

/** How systems take checkpoints, where that is what tells them apart; blocking, all others. */
const methods: Partial<Record<SystemName | "plan", CheckpointMethod>> = {
  "ds-async": { kind: "async" },
  "peer-memory": { kind: "peers", everySteps: 1 },
  moevement: { kind: "sparse" },
};

/** A system's name. */
export type SystemName = (typeof systemNames)[number];

/** Seconds between two failures that `resilient` plans for unless it is told otherwise. */
export const USUAL_SECONDS_BETWEEN_FAILURES = 3600;
const UNKNOWN_FAILURES: ExpectedFailures = { secondsBetween: USUAL_SECONDS_BETWEEN_FAILURES, areIndependent: false };
/** How much longer a step may take before `resilient` makes a new plan. A rebalance costs about as much as a run of such steps. */
const KEPT_PLAN_SLACK = 0.02;

/**
 * Builds a system.
 * @param expected what `resilient` plans for; the others do not ask
 * @throws RangeError when the model's experts do not divide over the system's groups
 */
export function trainingSystem(name: SystemName, job: PlannedJob, expected: ExpectedFailures = UNKNOWN_FAILURES): TrainingSystem {
  const { model, hardware } = job;
  const fewestNodes = Math.ceil(model.experts / model.slotsPerNode);
  const transfers = job.constantPauses === true ? undefined : planTransfers(job);
  if (name === "lazarus") {
    const planner = lazarusPlanner(model.minReplicas);
    const plans = newPlans((nodes, window) => elasticPlan(planner, model, hardware, nodes, window));
    return elasticSystem({ name, fewestNodes, plans, transfers, skipsIdleRebalances: false, layout: placedLayout(name, job) });
  }
  if (name === "resilient") {
    return elasticSystem({
      name,
      fewestNodes,
      plans: resilientPlans(job, expected),
      transfers,
      skipsIdleRebalances: true,
      layout: placedLayout(name, job),
    });
  }
  if (name === "recycle" || name === "oobleck") return reroutedSystem(name, job);
  if (name === "hybrid") return hybridSystem(job, expected);
  return expertParallelSystem({ name, job, ...expertParallel[name] });
}

function resilientPlans(job: PlannedJob, expected: ExpectedFailures): PlanBook {
  const { model, hardware, loads, gradientAccumulation } = job;
  const planner = resilientPlanner(job, expected);
  return keptPlans((nodes, window) => elasticPlan(planner, model, hardware, nodes, window), {
    loads,
    slack: KEPT_PLAN_SLACK,
    secondsOf: (plan, nodes, window) =>
      stepSeconds(stepCostCoefficients(model, hardware, nodes, gradientAccumulation), plan.cost(window)),
  });
}

/** Systems that a failure always takes back to the last checkpoint in the store. */
const RESTARTING: readonly string[] = ["ds", "ds-async", "tutel"];

/** What a system usually does beside training: the model's checkpoint intervals, and rebalances where it can. */
export function usualPolicy(name: SystemName | "plan", model: ModelSpec, rebalanceSteps: number): RunPolicy {
  const checkpoint = RESTARTING.includes(name) ? model.checkpointEvery : model.faultTolerantCheckpointEvery;
  const method = methods[name];
  return { checkpoint, rebalanceSteps, ...(method === undefined ? {} : { method }) };
}

/**
 * Young and Daly's interval between checkpoints to the store, for what a system's checkpoints cost and how often it needs one: after
 * every failure, or, where it survives one, when another comes in the time of a reconfiguration.
 * @param secondsBetween time between two failures of the job
 */
export function checkpointSeconds(
  name: SystemName | "plan",
  job: TrainingSpec,
  method: CheckpointMethod,
  nodes: number,
  secondsBetween: number,
): number {
  const { pauseSeconds, backgroundSeconds } = storeCosts(job, method, nodes);
  const both = secondsBetween / Math.max(1, job.hardware.recovery.reconfigureSeconds);
  const between = secondsBetween * (RESTARTING.includes(name) ? 1 : Math.max(1, both));
  return Math.max(backgroundSeconds, youngDalySeconds(pauseSeconds, between));
}
