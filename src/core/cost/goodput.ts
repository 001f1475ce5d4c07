/** Useful work of a job that stops for failures. */

/** How often failures come and what each of them costs. */
export interface FailureCosts {
  /** Seconds of training between two failures. */
  readonly secondsBetween: number;
  /** Seconds until the survivors go on when every expert is left. */
  readonly reconfigureSeconds: number;
  /** Seconds until the job is back at its last checkpoint when an expert is lost. */
  readonly restartSeconds: number;
  /** Work since the last checkpoint that a restart repeats, on average: seconds, and steps. */
  readonly repeatedSeconds: number;
  readonly repeatedSteps: number;
  /** What checkpoints add to a step, where they come every so many steps; nothing counts without it. */
  readonly savingSecondsPerStep?: number | undefined;
}

/**
 * Useful steps per second in the long run: a stretch of training, then a failure that either reconfigures or restarts the job.
 * @param survival probability that every expert is left when a failure comes
 * @param stepSeconds above 0
 */
export function usefulStepsPerSecond(survival: number, stepSeconds: number, costs: FailureCosts): number {
  const { secondsBetween, reconfigureSeconds, restartSeconds, repeatedSeconds, repeatedSteps, savingSecondsPerStep = 0 } = costs;
  // A restart cannot repeat more than was trained.
  const repeated = Math.min(secondsBetween, repeatedSeconds + repeatedSteps * stepSeconds);
  const pause = survival * reconfigureSeconds + (1 - survival) * restartSeconds;
  return (secondsBetween - (1 - survival) * repeated) / (stepSeconds + savingSecondsPerStep) / (secondsBetween + pause);
}
