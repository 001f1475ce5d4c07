/** The front of survival against step time, or against balance where no job is known. */

import type { PlanCost } from "../cost/stepCost.ts";
import type { ClusterNode } from "../layout/cluster.ts";
import type { LayerLoads } from "../layout/placement.ts";
import { assess, resilienceOf, stepFigures } from "./assess.ts";
import { checkPolicy } from "./checkPolicy.ts";
import { type MadePlacement, makePlacement } from "./makePlacement.ts";
import { BALANCE_SLACK, type PlacementPolicyName, type Policy } from "./policy.ts";

/** A plan among others. */
export interface ParetoPoint {
  /** The policy that made it. */
  readonly plan: string;
  /** What it was asked for, beside the policy. */
  readonly asked: string;
  /** Probability that every expert is left under the failure model. */
  readonly survival: number;
  /** Most that can fail without losing an expert. */
  readonly tolerates: number;
  /** Busiest node over the mean, worst layer, under the shares that the policy counts on. */
  readonly balance: number;
  readonly cost: PlanCost;
  /** There when the job is known. */
  readonly stepSeconds?: number;
  /** Whether no other point survives more at no more step time (or balance). */
  readonly isOnFront: boolean;
}

/** Step budgets between the fastest plan and the one that survives most. */
const BUDGETS = 8;
/** Balance limits where no job is known. */
const SLACKS = [0, 0.005, 0.01, BALANCE_SLACK, 0.05, 0.1, 0.2, 0.5, Number.POSITIVE_INFINITY];
const OTHERS: readonly PlacementPolicyName[] = ["mro", "spread", "eplb"];

/**
 * Plans between the fastest and the safest, with those of other policies beside them. Every point is a search of its own, so the
 * front is as good as the searches are.
 * @param policy `resilient` with its settings; its plan is the point called resilient
 * @param done called after every plan with how many are made, and of how many
 */
export function paretoFront(
  cluster: readonly ClusterNode[],
  layers: readonly LayerLoads[],
  policy: Policy,
  done: (made: number, of: number) => void = () => {},
): ParetoPoint[] {
  checkPolicy(policy);
  const { training } = policy;
  const points: Omit<ParetoPoint, "isOnFront">[] = [];
  const total = OTHERS.length + 1 + (training ? BUDGETS + 2 : SLACKS.length);
  const add = (plan: string, asked: string, settings: Partial<Policy>) => {
    const wanted = { ...policy, ...settings };
    const point = measure(plan, asked, makePlacement(cluster, layers, wanted), wanted);
    points.push(point);
    done(points.length, total);
    return point;
  };
  const plain = { objective: undefined, stepBudget: undefined };
  const [published] = OTHERS.map((placement) => add(placement, "", { placement, ...plain }));
  add("resilient", "as given", {});
  if (training === undefined) {
    for (const slack of SLACKS) add("front", slackText(slack), { balanceSlack: slack });
  } else {
    const safest = add("front", "survival", plain).stepSeconds!;
    const fastest = add("front", "fastest", { objective: "goodput", training: { ...training, failures: FREE_FAILURES } });
    for (let i = 1; i <= BUDGETS; i++) {
      const seconds = fastest.stepSeconds! + ((safest - fastest.stepSeconds!) * i) / (BUDGETS + 1);
      const stepBudget = seconds / published!.stepSeconds!;
      add("front", `step budget ${stepBudget.toFixed(3)}`, { ...plain, stepBudget });
    }
  }
  return points.map((point) => ({ ...point, isOnFront: !points.some((other) => dominates(other, point)) }));
}

/** With failures that cost nothing, goodput is speed. */
const FREE_FAILURES = { secondsBetween: 1, reconfigureSeconds: 0, restartSeconds: 0, repeatedSeconds: 0, repeatedSteps: 0 };

function measure(plan: string, asked: string, made: MadePlacement, policy: Policy): Omit<ParetoPoint, "isOnFront"> {
  const assessment = assess(made, policy);
  const { survival, recovery } = resilienceOf(assessment, policy);
  const { shares, compute, traffic, sync, stepSeconds } = stepFigures(made, policy, assessment);
  return {
    plan,
    asked,
    survival: survival.probability,
    tolerates: recovery.tolerates,
    balance: shares === "free" ? assessment.balance.optimal : assessment.balance.even,
    cost: { compute, traffic, sync },
    ...(stepSeconds !== undefined && { stepSeconds }),
  };
}

type Figures = Pick<ParetoPoint, "survival" | "balance" | "stepSeconds">;

function dominates(one: Figures, other: Figures): boolean {
  const [price, otherPrice] = [one.stepSeconds ?? one.balance, other.stepSeconds ?? other.balance];
  if (one.survival < other.survival || price > otherPrice) return false;
  return one.survival > other.survival || price < otherPrice;
}

function slackText(slack: number): string {
  return slack === Number.POSITIVE_INFINITY ? "no balance limit" : `balance slack ${slack}`;
}
