/** The books of a run: what its time went to, and what it achieved. */

import type { StepParts } from "../cost/stepCost.ts";
import { toSeconds } from "./membership.ts";

/** What a job spends its time on. */
export type Activity = "compute" | "checkpoint" | "restart" | "reconfigure" | "rebalance" | "idle";

/** Outcome of one system on one membership trace. */
export interface RunResult {
  readonly system: string;
  /** Samples trained, less those that a rollback took back. */
  readonly samples: number;
  readonly steps: number;
  readonly samplesPerSecond: number;
  /** What the run's time went to; whole microseconds, so that they add up. */
  readonly seconds: Readonly<Record<Activity, number>>;
  /** Part of the compute time whose steps were interrupted or rolled back. */
  readonly lostComputeSeconds: number;
  /** Nodes that failed while they took part. */
  readonly failures: number;
  /** Failures among them that the job survived in memory. */
  readonly recoveries: number;
  /** Restarts from a checkpoint, for whatever reason. */
  readonly restarts: number;
  /** Finished steps that rollbacks took back. */
  readonly lostSteps: number;
  /** Mean time of a finished step, by what it is spent on. */
  readonly stepParts: StepParts;
}

/** Progress of a job. */
export interface Progress {
  readonly step: number;
  readonly samples: number;
}

/** Progress that a checkpoint keeps, and the computing that it took. */
export interface Mark extends Progress {
  readonly usefulTicks: number;
}

/** Books in which every tick and every step is entered once. */
export class RunRecord {
  failures = 0;
  recoveries = 0;
  restarts = 0;
  #lostSteps = 0;
  #lostTicks = 0;
  #finishedSteps = 0;
  readonly #ticks: Record<Activity, number> = { compute: 0, checkpoint: 0, restart: 0, reconfigure: 0, rebalance: 0, idle: 0 };
  readonly #parts: Record<keyof StepParts, number> = {
    overhead: 0,
    dense: 0,
    denseSync: 0,
    experts: 0,
    allToAll: 0,
    expertSync: 0,
    bubble: 0,
  };

  /**
   * What a checkpoint of the progress keeps.
   * @param before some steps alike ago, instead of now
   */
  mark({ step, samples }: Progress, before = { ago: 0, each: 0, computeTicks: 0 }): Mark {
    const { ago, each, computeTicks } = before;
    const usefulTicks = this.#ticks.compute - this.#lostTicks - ago * computeTicks;
    return { step: step - ago, samples: samples - ago * each, usefulTicks };
  }

  /** Enters time. */
  spend(activity: Activity, ticks: number): void {
    this.#ticks[activity] += ticks;
  }

  /** Enters finished steps. */
  finish(steps: number, parts: StepParts): void {
    this.#finishedSteps += steps;
    for (const part of Object.keys(this.#parts) as (keyof StepParts)[]) this.#parts[part] += steps * (parts[part] ?? 0);
  }

  /** Enters the loss of an unfinished step, whose time is entered already. */
  interrupt(ticks: number): void {
    this.#lostTicks += ticks;
  }

  /** Enters a rollback to a checkpoint. */
  rollBack(step: number, to: Mark): void {
    this.#lostSteps += step - to.step;
    this.#lostTicks = this.#ticks.compute - to.usefulTicks;
  }

  /** Closes the books. */
  result(system: string, { step, samples }: Progress): RunResult {
    const total = Object.values(this.#ticks).reduce((sum, ticks) => sum + ticks, 0);
    return {
      system,
      samples,
      steps: step,
      samplesPerSecond: total === 0 ? 0 : samples / toSeconds(total),
      seconds: mapValues(this.#ticks, toSeconds),
      lostComputeSeconds: toSeconds(this.#lostTicks),
      failures: this.failures,
      recoveries: this.recoveries,
      restarts: this.restarts,
      lostSteps: this.#lostSteps,
      stepParts: withoutEmptyBubble(mapValues(this.#parts, (seconds) => seconds / Math.max(1, this.#finishedSteps))),
    };
  }
}

function mapValues<K extends string>(record: Record<K, number>, change: (value: number) => number): Record<K, number> {
  return Object.fromEntries(Object.entries<number>(record).map(([key, value]) => [key, change(value)])) as Record<K, number>;
}

/** Jobs without pipelines have no such part. */
function withoutEmptyBubble({ bubble, ...parts }: Record<keyof StepParts, number>): StepParts {
  return bubble === 0 ? parts : { ...parts, bubble };
}
