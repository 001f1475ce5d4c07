/** What placements are measured by when the training job is known: the time of a step, and what failures cost. */

import { type FailureCosts, usefulStepsPerSecond } from "./goodput.ts";
import { type StepCost, stepCostCoefficients } from "./stepCost.ts";
import { storeSeconds, type TrainingSpec } from "./trainingSpec.ts";

/** A job's figures on a cluster of some number of nodes. */
export interface TrainingCosts extends StepCost {
  /** Sequences that all nodes take in one step. */
  readonly samplesPerStep: number;
  /** There when it is known how often failures come. */
  readonly failures?: FailureCosts | undefined;
}

/**
 * The figures of a job.
 * @param nodes nodes that take part
 * @param secondsBetween seconds of training between two failures
 * @throws RangeError when the hardware lacks a figure that the model needs
 */
export function trainingCosts(job: TrainingSpec, nodes: number, secondsBetween?: number): TrainingCosts {
  const { model, hardware, gradientAccumulation } = job;
  const { base, perCompute, perTraffic, perSync } = stepCostCoefficients(model, hardware, nodes, gradientAccumulation);
  const costs = { base, perCompute, perTraffic, perSync, samplesPerStep: model.sequencesPerNode * nodes };
  if (secondsBetween === undefined) return costs;
  const interval = model.faultTolerantCheckpointEvery;
  const failures = {
    secondsBetween,
    reconfigureSeconds: hardware.recovery.reconfigureSeconds,
    restartSeconds: hardware.recovery.restartSeconds + storeSeconds(job, nodes),
    repeatedSeconds: "seconds" in interval ? interval.seconds / 2 : 0,
    repeatedSteps: "steps" in interval ? interval.steps / 2 : 0,
    // A shorter step gains less where checkpoints come every so many steps; by the clock they take their part of the time whatever the plan.
    ...("steps" in interval
      ? { savingSecondsPerStep: (hardware.recovery.checkpointSeconds + storeSeconds(job, nodes)) / interval.steps }
      : {}),
  };
  return { ...costs, failures };
}

/**
 * Probability that every expert is left after a failure: some unit failed, each as likely and independently of the others.
 * @param survival probability that every expert is left when each of the units fails with the probability, or none does
 */
export function survivalOfFailure(survival: number, units: number, probability: number): number {
  const noFailure = (1 - probability) ** units;
  return noFailure === 1 ? 1 : Math.min(1, Math.max(0, (survival - noFailure) / (1 - noFailure)));
}

/** A job whose failures are known. */
export type CostsOfFailingJob = Pick<TrainingCosts, "samplesPerStep"> & { readonly failures: FailureCosts };

/**
 * Expected useful samples per second of a plan.
 * @param survival probability that every expert is left when each of the units fails with the probability, or none does
 * @param units what fails, independently of each other
 * @param stepSeconds above 0
 */
export function goodput(
  survival: number,
  units: { readonly count: number; readonly probability: number },
  stepSeconds: number,
  { samplesPerStep, failures }: CostsOfFailingJob,
): number {
  const left = survivalOfFailure(survival, units.count, units.probability);
  return samplesPerStep * usefulStepsPerSecond(left, stepSeconds, failures);
}
