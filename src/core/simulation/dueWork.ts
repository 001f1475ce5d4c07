/** When a job's work beside training is due: checkpoints, rebalances, and taking in nodes that joined. */
import type { Job, RunPolicy } from "./job.ts";
import { toTicks } from "./membership.ts";

/** Where a job stands between two events. */
export interface JobClock {
  /** Ticks since the start. */
  readonly now: number;
  /** Finished steps. */
  readonly step: number;
  /** Ticks spent on the step in progress. */
  readonly begun: number;
}

/** Remembers what was done last and tells what comes next. */
export class DueWork {
  readonly #scaleUpDelay: number;
  readonly #saveSteps: number;
  readonly #saveTicks: number;
  readonly #rebalanceSteps: number;
  #lastSave = 0;
  #plannedStep = 0;
  /** When joined nodes are taken in; Infinity while there are none. */
  scaleUpAt = Number.POSITIVE_INFINITY;

  /** @param rebalances whether the system can follow the loads */
  constructor({ hardware }: Pick<Job, "hardware">, { checkpoint, rebalanceSteps }: RunPolicy, rebalances: boolean) {
    this.#scaleUpDelay = toTicks(hardware.recovery.scaleUpDelaySeconds);
    this.#saveSteps = checkpoint !== undefined && "steps" in checkpoint ? checkpoint.steps : Number.POSITIVE_INFINITY;
    this.#saveTicks =
      checkpoint !== undefined && "seconds" in checkpoint ? toTicks(checkpoint.seconds) : Number.POSITIVE_INFINITY;
    this.#rebalanceSteps = rebalances ? (rebalanceSteps ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY;
  }

  /** A checkpoint that is in the store now began, or the job started over from one. */
  saves(now: number): void {
    this.#lastSave = now;
  }

  /** The present plan knows the loads up to a step. */
  planned(step: number): void {
    this.#plannedStep = step;
  }

  /** Nodes joined: they are collected for a while. */
  joined(now: number): void {
    this.scaleUpAt = Math.min(this.scaleUpAt, now + this.#scaleUpDelay);
  }

  /** Nobody waits to be taken in any more. */
  allTakenIn(): void {
    this.scaleUpAt = Number.POSITIVE_INFINITY;
  }

  /**
   * Steps that can be finished before something is due; at least 1.
   * @param notBefore when the next checkpoint may begin
   */
  stepsUntilDue({ now, step, begun }: JobClock, ticksPerStep: number, notBefore = 0): number {
    const due = Math.min(this.scaleUpAt, Math.max(notBefore, this.#lastSave + this.#saveTicks));
    return Math.min(
      Math.max(1, Math.ceil((due - now + begun) / ticksPerStep)),
      stepsToMultiple(step, this.#saveSteps),
      stepsToMultiple(step, this.#rebalanceSteps),
    );
  }

  /** @param savedStep step of the last checkpoint */
  checkpointIsDue({ now, step }: JobClock, savedStep: number, notBefore = 0): boolean {
    return now >= notBefore && step !== savedStep && (step % this.#saveSteps === 0 || now >= this.#lastSave + this.#saveTicks);
  }

  rebalanceIsDue({ step }: JobClock): boolean {
    return step > this.#plannedStep && step % this.#rebalanceSteps === 0;
  }
}

function stepsToMultiple(step: number, every: number): number {
  return every - (step % every);
}
