/** What placement `resilient` is after when the time of a training step counts. */
import type { StepCost } from "../../cost/stepCost.ts";

/** Survival within a step time. */
export interface StepBudget {
  readonly costs: StepCost;
  /** Longest time of a step, in seconds. */
  readonly budget: number;
}

/** The most of a value that weighs survival and step time, such as useful samples per second. */
export interface StepValue {
  readonly costs: StepCost;
  /** Worth of a plan, above 0; grows with the survival probability and falls with the seconds of a step. */
  readonly value: (survival: number, seconds: number) => number;
}

export type StepGoal = StepBudget | StepValue;
