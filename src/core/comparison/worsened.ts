/** Figures of plans that became worse than they were. */
import { checkChoice } from "../algorithms/checkChoice.ts";
import type { PlanBalance } from "../balance/planBalance.ts";
import { SHARES, type Shares } from "../placement/policy.ts";
import type { Quantiles } from "./replay.ts";

/** What of a plan is held against an earlier comparison. */
export interface PlanRecord {
  readonly name: string;
  readonly survival: number;
  readonly tolerates: number;
  readonly balance: Pick<PlanBalance, "evenMean" | "optimalMean">;
  readonly steps?: Quantiles | undefined;
  readonly stepSeconds?: number | undefined;
}

/** A figure that is worse than allowed. */
export interface Worsened {
  readonly plan: string;
  readonly figure: string;
  readonly before: number;
  readonly now: number;
}

/** Rounding that is no regression. */
const ROUNDING = 1e-9;

/**
 * Compares plans with those of the same names in an earlier comparison, by every figure that both have. Failures that are always
 * survived may not get fewer at all.
 * @param allowed share of a figure by which it may get worse
 */
export function worsened(
  plans: readonly PlanRecord[],
  baseline: readonly PlanRecord[],
  shares: Shares,
  allowed: number,
): Worsened[] {
  checkChoice("shares", shares ?? null, SHARES);
  return plans.flatMap((plan) => {
    const old = baseline.find(({ name }) => name === plan.name);
    if (old === undefined) return [];
    const mean = shares === "even" ? "evenMean" : "optimalMean";
    const lessIsBetter = [
      ["step time", plan.stepSeconds, old.stepSeconds],
      ["median iteration", plan.steps?.p50, old.steps?.p50],
      ["p99 iteration", plan.steps?.p99, old.steps?.p99],
      ["worst iteration", plan.steps?.max, old.steps?.max],
      ["busiest GPU", plan.balance[mean], old.balance[mean]],
    ] as const;
    const moreIsBetter = [
      ["survival", plan.survival, old.survival, allowed],
      ["failed nodes that are always survived", plan.tolerates, old.tolerates, 0],
    ] as const;
    return [
      ...lessIsBetter.flatMap(([figure, now, before]) =>
        now !== undefined && before !== undefined && now > before * (1 + allowed + ROUNDING)
          ? [{ plan: plan.name, figure, before, now }]
          : [],
      ),
      ...moreIsBetter.flatMap(([figure, now, before, loss]) =>
        now < before * (1 - loss - ROUNDING) ? [{ plan: plan.name, figure, before, now }] : [],
      ),
    ];
  });
}
