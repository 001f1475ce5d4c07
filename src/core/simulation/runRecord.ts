/** What a simulated run adds up to. */
import { toSeconds } from "./membership.ts";
import type { StepParts } from "./stepCost.ts";

/** What a second of a run is spent on. */
export type Activity = "compute" | "checkpoint" | "restart" | "reconfigure" | "rebalance" | "idle";

/** Outcome of one system on one membership trace. */
export interface RunResult {
  readonly system: string;
  /** Samples trained, less those that a rollback took back. */
  readonly samples: number;
  readonly steps: number;
  readonly samplesPerSecond: number;
  /** How long the run took, by what it was doing; whole microseconds, so that they add up. */
  readonly seconds: Readonly<Record<Activity, number>>;
  /** Part of the compute time whose steps were interrupted or rolled back. */
  readonly lostComputeSeconds: number;
  /** Nodes that failed while they took part. */
  readonly failures: number;
  /** Failures that the job survived in memory. */
  readonly recoveries: number;
  /** Restarts from a checkpoint, for whatever reason. */
  readonly restarts: number;
  /** Finished steps that rollbacks took back. */
  readonly lostSteps: number;
  /** Mean time of a finished step, by what it is spent on. */
  readonly stepParts: StepParts;
}

/** A moment at which a run changes. */
export interface TimelineRow {
  readonly system: string;
  readonly second: number;
  /** Live nodes. */
  readonly nodes: number;
  /** Rate from this moment on; 0 while the job stands still. */
  readonly samplesPerSecond: number;
  /** Samples trained so far, less those taken back. */
  readonly samples: number;
  readonly event: TimelineEvent;
}

/** What happened at a row of the timeline. */
export type TimelineEvent = "start" | "loads" | "failure" | "addition" | Exclude<Activity, "compute"> | "train" | "end";

/** Books of a run: every tick and every step is entered once. */
export class RunRecord {
  readonly ticks: Record<Activity, number> = { compute: 0, checkpoint: 0, restart: 0, reconfigure: 0, rebalance: 0, idle: 0 };
  lostTicks = 0;
  failures = 0;
  recoveries = 0;
  restarts = 0;
  lostSteps = 0;
  #finishedSteps = 0;
  readonly #parts: Record<keyof StepParts, number> = {
    overhead: 0,
    dense: 0,
    denseSync: 0,
    experts: 0,
    allToAll: 0,
    expertSync: 0,
  };

  /** Enters finished steps. */
  addSteps(steps: number, parts: StepParts): void {
    this.#finishedSteps += steps;
    for (const part of Object.keys(this.#parts) as (keyof StepParts)[]) this.#parts[part] += steps * parts[part];
  }

  /** Closes the books. */
  result(system: string, steps: number, samples: number): RunResult {
    const seconds = { ...this.ticks };
    let total = 0;
    for (const activity of Object.keys(seconds) as Activity[]) {
      total += this.ticks[activity];
      seconds[activity] = toSeconds(this.ticks[activity]);
    }
    const stepParts = { ...this.#parts };
    for (const part of Object.keys(stepParts) as (keyof StepParts)[]) stepParts[part] /= Math.max(1, this.#finishedSteps);
    return {
      system,
      samples,
      steps,
      samplesPerSecond: total === 0 ? 0 : samples / toSeconds(total),
      seconds,
      lostComputeSeconds: toSeconds(this.lostTicks),
      failures: this.failures,
      recoveries: this.recoveries,
      restarts: this.restarts,
      lostSteps: this.lostSteps,
      stepParts,
    };
  }
}
