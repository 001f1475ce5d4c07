/** Many runs of several systems, added up. */

import type { StepParts } from "../cost/stepCost.ts";
import { type MeanInterval, meanInterval } from "./meanInterval.ts";
import type { Activity, RunResult } from "./runRecord.ts";

/** What a system reached over all trials. */
export interface SystemSummary {
  readonly system: string;
  readonly trials: number;
  readonly samples: MeanInterval;
  readonly samplesPerSecond: MeanInterval;
  /** How long the job took. */
  readonly totalSeconds: MeanInterval;
  /** Rate over that of the first system, trial by trial. */
  readonly ratio: MeanInterval;
  /** Effective training time ratio: the part of the time that went to steps which nothing took back. */
  readonly effective: MeanInterval;
  readonly steps: number;
  readonly failures: number;
  readonly restarts: number;
  readonly lostSteps: number;
  /** Mean time by what it went to. */
  readonly seconds: Readonly<Record<Activity, number>>;
  readonly stepParts: StepParts;
}

/**
 * Adds up trials.
 * @param trials results of one trial each, the systems in the same order in all
 * @throws RangeError when a trial lacks a system
 */
export function summarize(trials: readonly (readonly RunResult[])[]): SystemSummary[] {
  const first = trials[0] ?? [];
  return first.map(({ system }, place) => {
    const runs = trials.map((trial) => {
      const run = trial[place];
      if (run?.system !== system) throw new RangeError(`a trial lacks ${system} in place ${place}`);
      return run;
    });
    const mean = (measure: (run: RunResult) => number) => meanInterval(runs.map(measure)).mean;
    return {
      system,
      trials: runs.length,
      samples: meanInterval(runs.map((run) => run.samples)),
      samplesPerSecond: meanInterval(runs.map((run) => run.samplesPerSecond)),
      totalSeconds: meanInterval(runs.map(totalSeconds)),
      ratio: meanInterval(runs.map((run, t) => run.samplesPerSecond / trials[t]![0]!.samplesPerSecond)),
      effective: meanInterval(runs.map((run) => (run.seconds.compute - run.lostComputeSeconds) / totalSeconds(run))),
      steps: mean((run) => run.steps),
      failures: mean((run) => run.failures),
      restarts: mean((run) => run.restarts),
      lostSteps: mean((run) => run.lostSteps),
      seconds: means(runs.map((run) => run.seconds)),
      stepParts: means(runs.map((run) => run.stepParts)),
    };
  });
}

/** How long a run took. */
export function totalSeconds({ seconds }: Pick<RunResult, "seconds">): number {
  return Object.values(seconds).reduce((sum, part) => sum + part, 0);
}

function means<T extends { readonly [K in keyof T]: number }>(records: readonly T[]): T {
  const keys = Object.keys(records[0]!) as (keyof T)[];
  return Object.fromEntries(keys.map((key) => [key, meanInterval(records.map((record) => record[key])).mean])) as T;
}
