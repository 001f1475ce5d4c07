/** The training systems that can be simulated, by name. */

import { checkChoice } from "../algorithms/checkChoice.ts";
import type { ModelSpec } from "../cost/modelSpec.ts";
import { stepCostCoefficients, stepSeconds } from "../cost/stepCost.ts";
import type { TrainingSpec } from "../cost/trainingSpec.ts";
import { BALANCE_SLACK } from "../placement/policy.ts";
import { type CheckpointMethod, storeCosts, youngDalySeconds } from "./checkpointing.ts";
import { elasticPlan } from "./elasticPlan.ts";
import { elasticSystem } from "./elasticSystem.ts";
import { expertParallelSystem } from "./expertParallelSystem.ts";
import { type FollowingLoads, movesOn, reviewedPlans } from "./followingLoads.ts";
import { hybridSystem } from "./hybridSystem.ts";
import type { PlannedJob, RunPolicy } from "./job.ts";
import { placedLayout } from "./jobIteration.ts";
import { keptPlans, newPlans, type PlanBook } from "./planBook.ts";
import { type ExpectedFailures, lazarusPlanner, resilientPlanner, resilientPolicy } from "./planners.ts";
import { type PlanTransfers, planTransfers } from "./planTransfers.ts";
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
  "flexmoe",
  "fewest-moves",
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

/** Those among them that place experts anew as loads change. */
export const rebalancingSystems: readonly string[] = ["lazarus", "resilient", "flexmoe", "fewest-moves", "hybrid"];

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
 * @param following what systems that place experts freely do about drift
 * @throws RangeError when the model's experts do not divide over the system's groups
 */
export function trainingSystem(
  name: SystemName,
  job: PlannedJob,
  expected: ExpectedFailures = UNKNOWN_FAILURES,
  following: FollowingLoads = { reviewSteps: Number.POSITIVE_INFINITY },
): TrainingSystem {
  checkChoice("system", name ?? null, systemNames);
  const { model } = job;
  if (name === "recycle" || name === "oobleck") return reroutedSystem(name, job);
  if (name === "hybrid") return hybridSystem(job, expected);
  if (!followsLoads(name)) return expertParallelSystem({ name, job, ...expertParallel[name] });
  const transfers = job.constantPauses === true ? undefined : planTransfers(job);
  return elasticSystem({
    name,
    fewestNodes: Math.ceil(model.experts / model.slotsPerNode),
    plans: plansOf(name, job, expected, following, transfers),
    transfers,
    skipsIdleRebalances: name !== "lazarus" || following.trigger !== undefined,
    layout: placedLayout(name, job),
  });
}

/** Systems that place experts freely, and follow the loads. */
export type FollowingSystem = "lazarus" | "resilient" | "flexmoe" | "fewest-moves";

/** Whether a system follows the loads. */
export function followsLoads(name: SystemName): name is FollowingSystem {
  return name === "lazarus" || name === "resilient" || name === "flexmoe" || name === "fewest-moves";
}

/** Of FlexMoE: busiest GPU over the mean above which a layer is touched. */
const FLEXMOE_THRESHOLD = 1.2;

function plansOf(
  name: FollowingSystem,
  job: PlannedJob,
  failures: ExpectedFailures,
  following: FollowingLoads,
  transfers: PlanTransfers | undefined,
): PlanBook {
  const { model, hardware, loads, gradientAccumulation } = job;
  const { trigger, expected } = following;
  const planner = name === "lazarus" || name === "flexmoe" ? lazarusPlanner(model.minReplicas) : resilientPlanner(job, failures);
  const make: PlanBook = (nodes, window) =>
    elasticPlan(planner, model, hardware, nodes, expected === undefined ? window : expected.windows[window.index]!);
  const rules = { job, following, anew: make, transfers };
  const minHosts = model.minReplicas;
  if (name === "flexmoe")
    return reviewedPlans({
      ...rules,
      following: { ...following, trigger: trigger ?? { kind: "every", iterations: 1 } },
      next: movesOn(planner, job, { policy: name, threshold: FLEXMOE_THRESHOLD, minHosts }),
    });
  if (name === "fewest-moves") {
    const policy = (nodes: number) => resilientPolicy(job, failures, nodes);
    const threshold = 1 + BALANCE_SLACK;
    return reviewedPlans({
      ...rules,
      next: movesOn(planner, job, { policy: name, threshold, shares: "free", minHosts }, policy),
    });
  }
  if (trigger !== undefined) return reviewedPlans({ ...rules, next: ({ nodes }, window) => make(nodes, window) });
  if (name === "lazarus") return newPlans(make);
  return keptPlans(make, {
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
  checkChoice("system", name ?? null, [...systemNames, "plan"]);
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
  checkChoice("system", name ?? null, [...systemNames, "plan"]);
  const { pauseSeconds, backgroundSeconds } = storeCosts(job, method, nodes);
  const both = secondsBetween / Math.max(1, job.hardware.recovery.reconfigureSeconds);
  const between = secondsBetween * (RESTARTING.includes(name) ? 1 : Math.max(1, both));
  return Math.max(backgroundSeconds, youngDalySeconds(pauseSeconds, between));
}
