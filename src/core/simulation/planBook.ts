/** Which plan a system has for a number of nodes when it knows the loads of a window. */
import type { ElasticPlan } from "./elasticPlan.ts";
import type { LoadSchedule, LoadWindow } from "./loadSchedule.ts";

/** Finds or makes a plan. The answer depends on nothing but the arguments, so that all runs of a study share plans. */
export type PlanBook = (nodes: number, window: LoadWindow) => ElasticPlan;

/** A new plan for every window. */
export function newPlans(makePlan: PlanBook): PlanBook {
  const plans = new Map<string, ElasticPlan>();
  return (nodes, window) => {
    const key = `${nodes}/${window.index}`;
    let plan = plans.get(key);
    if (plan === undefined) {
      plan = makePlan(nodes, window);
      plans.set(key, plan);
    }
    return plan;
  };
}

/** When a plan is still good enough. */
export interface KeepingRules {
  readonly loads: LoadSchedule;
  /** Time of a step by a plan on a number of nodes. */
  readonly secondsOf: (plan: ElasticPlan, nodes: number, window: LoadWindow) => number;
  /** How much longer a step may take than it took with the loads that the plan was made for, as a fraction. */
  readonly slack: number;
}

/** Windows from one review of a plan to the next. */
const REVIEW_WINDOWS = 10;

/**
 * A plan is reviewed every few windows of the schedule and kept until a step takes too long with it; then it gives way to one
 * for the window of the review. For a window only those before it count: nobody knows later loads.
 */
export function keptPlans(makePlan: PlanBook, { loads, secondsOf, slack }: KeepingRules): PlanBook {
  const byNodes = new Map<number, { plans: ElasticPlan[]; limit: number }>();
  return (nodes, { index }) => {
    const kept = byNodes.get(nodes) ?? { plans: [], limit: 0 };
    byNodes.set(nodes, kept);
    const review = Math.floor(index / REVIEW_WINDOWS);
    while (kept.plans.length <= review) {
      const window = loads.windows[kept.plans.length * REVIEW_WINDOWS]!;
      let plan = kept.plans.at(-1);
      if (plan === undefined || secondsOf(plan, nodes, window) > kept.limit) {
        plan = makePlan(nodes, window);
        kept.limit = (1 + slack) * secondsOf(plan, nodes, window);
      }
      kept.plans.push(plan);
    }
    return kept.plans[review]!;
  };
}
