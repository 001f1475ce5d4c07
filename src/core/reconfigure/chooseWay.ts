/** Repair what survived, or place anew: what each moves and is worth, and which is taken. */
import type { Placement } from "../layout/placement.ts";
import type { MadePlacement } from "../placement/makePlacement.ts";
import { expectedFailures, type Policy, sharesOf, usualBalanceSlack } from "../placement/policy.ts";
import { hostsByUnit } from "../recovery/failureUnits.ts";
import { leastLost } from "../recovery/leastLost.ts";
import { recoveryProbabilities } from "../recovery/recoveryProbabilities.ts";
import { survivalProbability } from "../recovery/survivalProbability.ts";
import { rankBalance } from "./repair/rankBalance.ts";

/** What can be preferred. */
export const PREFERENCES = ["auto", "repair", "anew"] as const;
export type Preference = (typeof PREFERENCES)[number];

/** The rule of `auto`. */
export const WAY_RULE =
  "the repair, unless a new placement gains 0.1 % (in survival, and in load beyond the balance limit) for every second that its transfers take longer";
const GAIN_OF_A_SECOND = 1e-3;
/** Survival that a repair may lack of the most that is possible, and load that it may have beyond the limit, before a new placement is tried. */
const ENOUGH = 0.01;
/** Load beyond the limit that a repair may have more than the old placement. */
const HARDLY_MORE = 0.0025;
/** Sums of fractions in another order differ by rounding. */
const ROUNDING = 1e-9;

/** What a way costs and gives. */
export interface WayFigures {
  readonly moves: number;
  readonly transferSeconds: number;
  /** Probability that every expert keeps a live host when the units that the policy reckons with fail. */
  readonly survival: number;
  /** Load of the busiest rank over the mean, under the policy's shares, in the worst layer. */
  readonly balance: number;
  /** What layers have beyond the balance limit, on average. */
  readonly excess: number;
  /** Where transfers are made one by one: what is survived in between when that goes worst. */
  readonly lowestSurvival?: number;
}

/** The ways that were looked at, and the one that was taken. */
export interface Ways {
  readonly taken: "repair" | "anew";
  readonly repair?: WayFigures | undefined;
  readonly anew?: WayFigures | undefined;
}

/** Figures of a way to a placement. */
export function wayFigures(placement: Placement, moves: number, transferSeconds: number, policy: Policy): WayFigures {
  const limit = 1 + (policy.balanceSlack ?? usualBalanceSlack(policy));
  const balances = placement.layers.map((layer) => rankBalance(placement.cluster, layer, sharesOf(policy)));
  const { unit, probability } = expectedFailures(policy);
  const { hostSets, count } = hostsByUnit(placement, unit);
  const recovery = recoveryProbabilities(hostSets, count, { seed: policy.seed });
  return {
    moves,
    transferSeconds,
    survival: survivalProbability(recovery, probability).probability,
    balance: Math.max(1, ...balances),
    excess: balances.reduce((sum, own) => sum + Math.max(0, own - limit), 0) / balances.length,
  };
}

/**
 * Whether a repair needs no comparison: it survives nearly as much as any placement of so many experts on these nodes (or, where every
 * expert has as many hosts as it should, as the old placement did), and is hardly beyond the balance limit, or no more than that was.
 * @param before figures of the old placement, if it is a measure
 */
export function isGoodEnough(
  { cluster, keptMinReplicas }: Pick<MadePlacement, "cluster" | "keptMinReplicas">,
  experts: number,
  repair: WayFigures,
  before: (() => WayFigures) | undefined,
  policy: Policy,
): boolean {
  const { unit, probability } = expectedFailures(policy);
  // Nothing is known where domains or GPUs fail.
  const slots = cluster.map((node) => node.slots);
  const least = unit === "node" ? leastLost(experts, slots, probability) : 0;
  const survives =
    1 - repair.survival <= least + ENOUGH ||
    (keptMinReplicas >= policy.minReplicas && before !== undefined && repair.survival >= before().survival - ROUNDING);
  return survives && (repair.excess <= ENOUGH || (before !== undefined && repair.excess <= before().excess + HARDLY_MORE));
}

/** Which of two ways the rule takes. */
export function betterWay(repair: WayFigures, anew: WayFigures): Ways["taken"] {
  const gain = anew.survival - repair.survival + repair.excess - anew.excess;
  return gain > ROUNDING && gain >= GAIN_OF_A_SECOND * (anew.transferSeconds - repair.transferSeconds) ? "anew" : "repair";
}
