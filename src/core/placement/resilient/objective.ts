/** What the search is after. */
import type { Worth } from "./stepGoal.ts";

/** How good host sets are, by three figures: the probability that the job is lost, the layers' cost and synchronisation. */
export interface Objective {
  /** What the search minimises; grows with each of the figures. */
  energy(lost: number, cost: number, sync: number): number;
  /** By how much the figures break a limit; 0 when they do not. */
  violation(cost: number, sync: number): number;
  /** Which of two states within all limits is better: the one with less of this. */
  badness(lost: number, cost: number, sync: number): number;
}

/** Seconds of a training step, from the layers' cost and synchronisation. */
export type StepSeconds = (cost: number, sync: number) => number;

/** Energy of a factor e in step time: one percent more weighs as much as losing the job 2.7 times as often. */
const ENERGY_PER_LOG_SECONDS = 100;

/** Survival, with costs that stand for broken limits: they are to be 0. */
export const survivalObjective: Objective = {
  energy: (lost, cost) => logOf(lost) + cost,
  violation: (cost) => cost,
  badness: (lost) => lost,
};

/** Survival within a limit on the step time. */
export function budgetObjective(seconds: StepSeconds, budget: number): Objective {
  const excess = (cost: number, sync: number) => Math.max(0, Math.log(seconds(cost, sync) / budget));
  return {
    energy: (lost, cost, sync) => logOf(lost) + ENERGY_PER_LOG_SECONDS * excess(cost, sync),
    violation: excess,
    badness: (lost) => lost,
  };
}

/** Step time alone. */
export function stepObjective(seconds: StepSeconds): Objective {
  return {
    energy: (_, cost, sync) => ENERGY_PER_LOG_SECONDS * Math.log(seconds(cost, sync)),
    violation: () => 0,
    badness: (_, cost, sync) => seconds(cost, sync),
  };
}

/** The most of what a plan is worth. */
export function worthObjective(seconds: StepSeconds, worth: Worth): Objective {
  const worthOf = (lost: number, cost: number, sync: number) => worth({ survival: 1 - lost, seconds: seconds(cost, sync) });
  return {
    energy: (lost, cost, sync) => -ENERGY_PER_LOG_SECONDS * Math.log(worthOf(lost, cost, sync)),
    violation: () => 0,
    badness: (lost, cost, sync) => -worthOf(lost, cost, sync),
  };
}

/** Logarithm that leaves 0 finite. */
function logOf(lost: number): number {
  return Math.log(lost + Number.MIN_VALUE);
}
