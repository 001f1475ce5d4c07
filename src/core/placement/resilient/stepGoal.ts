/** What placement `resilient` is after when the time of a training step counts. */
import type { StepCost } from "../../cost/stepCost.ts";

/** Survival within a step time. */
export interface StepBudget {
  readonly costs: StepCost;
  /** Longest time of a step, in seconds. */
  readonly budget: number;
}

/** What a plan comes to. Named figures, since a function of two numbers takes a survival for a loss, or seconds for either. */
export interface Outcome {
  /** Probability that every expert keeps a live host. */
  readonly survival: number;
  /** Seconds of a training step. */
  readonly seconds: number;
}

/** Worth of a plan, such as useful samples per second, from 0 on; grows with survival and falls with the seconds of a step. */
export type Worth = (outcome: Outcome) => number;

/** The most of what a plan is worth. */
export interface StepWorth {
  readonly costs: StepCost;
  readonly worth: Worth;
}

export type StepGoal = StepBudget | StepWorth;
