/** How systems follow loads that drift: what they expect, when they review a plan, and what they make of it then. */
import { iterationParts } from "../cost/iteration.ts";
import { stepCostCoefficients, stepParts, totalOfParts } from "../cost/stepCost.ts";
import { LoadForecaster } from "../forecast/loadForecaster.ts";
import { uniformCluster } from "../layout/cluster.ts";
import type { Policy } from "../placement/policy.ts";
import type { ForecastMethod } from "../profile/loadForecast.ts";
import { decide } from "../rebalance/decide.ts";
import { planSpread } from "../rebalance/planLevel.ts";
import { type RebalanceOptions, rebalance } from "../rebalance/rebalance.ts";
import { type Trigger, triggered } from "../rebalance/trigger.ts";
import { keepingSurvival } from "../reconfigure/planRebalance.ts";
import { costedPlan, type ElasticPlan, type ExpertPlanner } from "./elasticPlan.ts";
import type { Job } from "./job.ts";
import type { LoadSchedule, LoadWindow } from "./loadSchedule.ts";
import type { PlanBook } from "./planBook.ts";
import type { PlanTransfers } from "./planTransfers.ts";

/** What a system does about drift. */
export interface FollowingLoads {
  /** When a plan is reviewed; without it as the system usually does. */
  readonly trigger?: Trigger | undefined;
  /** What is expected at each of the job's windows; what was last seen without it. */
  readonly expected?: LoadSchedule | undefined;
  /** Steps from one look at the loads to the next. */
  readonly reviewSteps: number;
}

/** Figures of tokens are whole numbers: forecasts are shares. */
const TOKENS = 2 ** 32;

/**
 * What a forecaster that has seen a schedule's windows up to each one expects some steps on; the first, which nothing precedes, is
 * expected to stay. Windows that come again are expected as they were the first time.
 */
export function expectedLoads({ windows, stepsPerWindow }: LoadSchedule, method: ForecastMethod, horizon: number): LoadSchedule {
  if (windows.length < 2) return { windows, stepsPerWindow };
  const forecaster = new LoadForecaster({ method, horizon });
  const expected = windows.map(({ index, loads }) => {
    const layers = loads.map((layer, l) => {
      const total = layer.reduce((sum, load) => sum + load, 0);
      return { layer: l, loads: Float64Array.from(layer, (load) => Math.round((load / total) * TOKENS)) };
    });
    forecaster.add({ iteration: index * stepsPerWindow, experts: loads[0]!.length, ranks: 0, layers });
    if (index === 0) return { index, loads };
    return { index, loads: forecaster.profile().layers.map((layer) => layer.loads) };
  });
  return { windows: expected, stepsPerWindow };
}

/** How plans are made and gone on from. */
export interface ReviewRules {
  readonly job: Pick<Job, "model" | "hardware" | "loads" | "gradientAccumulation" | "overlap">;
  readonly following: FollowingLoads;
  /** Places for the loads of a window, on so many nodes. */
  readonly anew: PlanBook;
  /** What a plan becomes for the loads of a window. */
  readonly next: (plan: ElasticPlan, window: LoadWindow) => ElasticPlan;
  /** What the way from a plan to another takes, for `gain`. */
  readonly transfers: PlanTransfers | undefined;
}

/**
 * Plans that are looked at every `reviewSteps`, and gone on from where the trigger says so; for a window only those before it count.
 * For every number of nodes there is one row of plans, as if the job had always had so many.
 */
export function reviewedPlans({ job, following, anew, next, transfers }: ReviewRules): PlanBook {
  const { loads } = job;
  const { trigger = { kind: "gain" }, expected = loads, reviewSteps } = following;
  const apart = Math.min(Number.MAX_SAFE_INTEGER, Math.max(1, Math.round(reviewSteps / loads.stepsPerWindow) || 1));
  const rows = new Map<number, { plans: ElasticPlan[]; movedAt?: number; left?: number }>();
  return (nodes, { index }) => {
    const row = rows.get(nodes) ?? { plans: [] };
    rows.set(nodes, row);
    while (row.plans.length <= Math.floor(index / apart)) {
      const at = row.plans.length * apart;
      const [now, then] = [loads.windows[at]!, expected.windows[at]!];
      const plan = row.plans.at(-1);
      if (plan === undefined) {
        row.plans.push(anew(nodes, then));
        row.movedAt = at * loads.stepsPerWindow;
        continue;
      }
      const iteration = at * loads.stepsPerWindow;
      const level = levelOf(trigger, plan, now, job);
      if (!triggered(trigger, row, { iteration, level }, { hysteresis: 1, cooldown: 0 })) {
        if (row.left !== undefined) row.left = Math.min(row.left, level);
        row.plans.push(plan);
        continue;
      }
      const moved = next(plan, then);
      const moves = moved !== plan && (trigger.kind !== "gain" || pays(plan, moved, { job, now, steps: reviewSteps, transfers }));
      row.plans.push(moves ? moved : plan);
      if (moves) row.movedAt = iteration;
      row.left = levelOf(trigger, row.plans.at(-1)!, now, job);
    }
    return row.plans[Math.floor(index / apart)]!;
  };
}

function levelOf(trigger: Trigger, plan: ElasticPlan, window: LoadWindow, { model, hardware }: ReviewRules["job"]): number {
  if (trigger.kind === "ratio") return plan.cost(window).compute / plan.layers.length;
  if (trigger.kind !== "cv") return 0;
  const cluster = uniformCluster(plan.nodes, model.slotsPerNode, hardware.gpusPerNode);
  return planSpread({ cluster, layers: plan.layers.map((layer, l) => ({ ...layer, loads: window.loads[l]! })) });
}

/** Whether the way to another plan pays until the next review, by the sum that `recover --if-worth` does. */
function pays(
  plan: ElasticPlan,
  moved: ElasticPlan,
  { job, now, steps, transfers }: Pick<ReviewRules, "job" | "transfers"> & { readonly now: LoadWindow; readonly steps: number },
): boolean {
  const { model, hardware, gradientAccumulation, overlap = 0 } = job;
  const costs = stepCostCoefficients(model, hardware, plan.nodes, gradientAccumulation);
  const secondsOf = (made: ElasticPlan) =>
    totalOfParts(iterationParts(stepParts(costs, made.cost(now)), { microBatches: 1, slots: 1 }, overlap));
  return decide({
    stepSeconds: secondsOf(plan),
    newStepSeconds: secondsOf(moved),
    steps,
    transferSeconds: transfers?.(plan, [], 0, moved).transferSeconds ?? 0,
    overlap,
    pauseSeconds: 0,
    hysteresis: 1,
  }).move;
}

/**
 * Goes on from plans by few moves, judged by the time of a layer.
 * @param survival policy by which survival must not fall; any may without it
 */
export function movesOn(
  planner: Pick<ExpertPlanner, "costing">,
  { model, hardware, gradientAccumulation }: ReviewRules["job"],
  options: Pick<RebalanceOptions, "policy" | "threshold" | "shares" | "minHosts">,
  survival?: (nodes: number) => Policy,
): ReviewRules["next"] {
  return (plan, { loads }) => {
    const { nodes } = plan;
    const cluster = uniformCluster(nodes, model.slotsPerNode, hardware.gpusPerNode);
    const layers = plan.layers.map((layer, l) => ({ ...layer, layer: l }));
    const newer = loads.map((layerLoads, layer) => ({ layer, loads: layerLoads }));
    const old = { cluster, layers };
    const done = rebalance(old, newer, {
      ...options,
      step: stepCostCoefficients(model, hardware, nodes, gradientAccumulation),
      survives: survival && keepingSurvival(old, survival(nodes)),
    });
    return done.operations.length === 0 ? plan : costedPlan(planner, model, cluster, done.placement.layers);
  };
}
