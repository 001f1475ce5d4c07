/** One training job on one failing cluster, event by event. */
import type { HardwareSpec } from "./hardwareSpec.ts";
import { type LoadSchedule, type LoadWindow, windowAt, windowEnd } from "./loadSchedule.ts";
import { type Membership, type MembershipChange, simultaneousChanges, toSeconds, toTicks } from "./membership.ts";
import { modelSize } from "./modelSize.ts";
import type { ModelSpec } from "./modelSpec.ts";
import { type Activity, RunRecord, type RunResult, type TimelineEvent, type TimelineRow } from "./runRecord.ts";
import { type StepParts, stepCostCoefficients, stepParts, stepSeconds } from "./stepCost.ts";
import type { Configuration, TrainingSystem } from "./trainingSystem.ts";

/** When checkpoints are taken: every so many steps, or so long after the last one. */
export type CheckpointInterval = { readonly steps: number } | { readonly seconds: number };

/** A job, whatever system runs it. */
export interface Job {
  readonly model: ModelSpec;
  readonly hardware: HardwareSpec;
  readonly loads: LoadSchedule;
  readonly gradientAccumulation: number;
  /** When the job is cut off; Infinity where `samples` end it. */
  readonly seconds: number;
  /** Samples after which the job is done; Infinity where `seconds` end it. */
  readonly samples: number;
}

/** How a system's job protects and tunes itself. */
export interface RunPolicy {
  readonly checkpoint?: CheckpointInterval;
  /** Steps between two rebalances; systems that cannot rebalance ignore it. */
  readonly rebalanceSteps?: number;
}

/** State in the store; every job begins with one. */
interface Checkpoint {
  readonly step: number;
  readonly samples: number;
  /** Compute time entered when it was taken. */
  readonly computeTicks: number;
}

/** The job stands still until something is done. */
interface Pause {
  readonly activity: Exclude<Activity, "compute" | "idle">;
  readonly until: number;
  /** How the job goes on. */
  readonly next: Configuration;
}

/**
 * Simulates a job from its start to its end.
 *
 * A node's failure loses the step in progress. A system that survives in memory reconfigures; otherwise the job goes back to
 * its last checkpoint. A failure during a pause is answered from the state before the pause. Joined nodes are collected and
 * taken in at the end of a step. The run ends at `seconds`, or with the step that completes `samples`.
 * @param onTimeline called at every change, in the order of time
 * @throws RangeError when neither seconds nor samples bound the job
 */
export function simulateRun(
  system: TrainingSystem,
  job: Job,
  policy: RunPolicy,
  membership: Membership,
  onTimeline?: (row: TimelineRow) => void,
): RunResult {
  if (job.seconds === Number.POSITIVE_INFINITY && job.samples === Number.POSITIVE_INFINITY) {
    throw new RangeError("a job needs an end: seconds or samples");
  }
  return new Run(system, job, policy, membership, onTimeline).toEnd();
}

class Run {
  readonly #system: TrainingSystem;
  readonly #job: Job;
  readonly #policy: RunPolicy;
  readonly #onTimeline: ((row: TimelineRow) => void) | undefined;
  readonly #record = new RunRecord();
  readonly #changes: Iterator<MembershipChange>;
  readonly #live: Set<number>;
  readonly #endTicks: number;
  #nextChange: MembershipChange | undefined;
  #now = 0;
  #step = 0;
  #samples = 0;
  #stored: Checkpoint = { step: 0, samples: 0, computeTicks: 0 };
  #storedAt = 0;
  #plannedStep = 0;
  /** Ticks spent on the step in progress. */
  #progress = 0;
  #scaleUpAt = Number.POSITIVE_INFINITY;
  /** What the job's memory is laid out for; undefined while the job has no nodes to run on. */
  #configuration: Configuration | undefined;
  #pause: Pause | undefined;
  #stepTime: { configuration: Configuration; window: LoadWindow; ticks: number; parts: StepParts } | undefined;

  constructor(
    system: TrainingSystem,
    job: Job,
    policy: RunPolicy,
    membership: Membership,
    onTimeline: ((row: TimelineRow) => void) | undefined,
  ) {
    this.#system = system;
    this.#job = job;
    this.#policy = policy;
    this.#onTimeline = onTimeline;
    this.#live = new Set(membership.initial);
    this.#changes = simultaneousChanges(membership.changes)[Symbol.iterator]();
    this.#endTicks = job.seconds === Number.POSITIVE_INFINITY ? job.seconds : toTicks(job.seconds);
  }

  toEnd(): RunResult {
    this.#advanceTrace();
    this.#configuration = this.#system.start(this.#liveNodes(), this.#knownLoads());
    this.#note("start");
    while (this.#now < this.#endTicks && this.#samples < this.#job.samples) {
      const until = Math.min(this.#endTicks, this.#nextChange?.ticks ?? Number.POSITIVE_INFINITY);
      if (until === Number.POSITIVE_INFINITY && this.#configuration === undefined && this.#scaleUpAt === until) {
        throw new RangeError(`${this.#system.name} can never finish: ${this.#live.size} nodes are left and none will join`);
      }
      if (this.#pause !== undefined) this.#stayPaused(this.#pause, until);
      else if (this.#configuration === undefined) this.#stayIdle(until);
      else this.#train(this.#configuration, until);
      if (this.#now < this.#endTicks && this.#now === this.#nextChange?.ticks) this.#applyChange(this.#nextChange);
    }
    this.#note("end");
    return this.#record.result(this.#system.name, this.#step, this.#samples);
  }

  #liveNodes(): number[] {
    return [...this.#live].sort((a, b) => a - b);
  }

  /** Loads of the last finished step: nobody knows the next one's. */
  #knownLoads(): LoadWindow {
    return windowAt(this.#job.loads, Math.max(0, this.#step - 1));
  }

  #advanceTrace(): void {
    const next = this.#changes.next();
    this.#nextChange = next.done === true ? undefined : next.value;
  }

  #note(event: TimelineEvent): void {
    if (this.#onTimeline === undefined) return;
    const training = this.#pause === undefined && this.#configuration !== undefined;
    this.#onTimeline({
      system: this.#system.name,
      second: toSeconds(this.#now),
      nodes: this.#live.size,
      samplesPerSecond: training ? this.#samplesPerStep() / toSeconds(this.#timeOfStep().ticks) : 0,
      samples: this.#samples,
      event,
    });
  }

  #samplesPerStep(): number {
    return (this.#configuration as Configuration).nodes.length * this.#job.model.sequencesPerNode;
  }

  #timeOfStep() {
    const configuration = this.#configuration as Configuration;
    const window = windowAt(this.#job.loads, this.#step);
    if (this.#stepTime?.configuration !== configuration || this.#stepTime.window !== window) {
      const { model, hardware, gradientAccumulation } = this.#job;
      const coefficients = stepCostCoefficients(model, hardware, configuration.nodes.length, gradientAccumulation);
      const cost = configuration.cost(window);
      const ticks = Math.max(1, toTicks(stepSeconds(coefficients, cost)));
      this.#stepTime = { configuration, window, ticks, parts: stepParts(coefficients, cost) };
    }
    return this.#stepTime;
  }

  /** Trains until a moment, or until something is due at the end of a step. */
  #train(configuration: Configuration, until: number): void {
    if (this.#startDuePause(configuration)) return;
    const { ticks, parts } = this.#timeOfStep();
    const stepsDue = this.#stepsUntilSomethingIsDue(ticks);
    const stepsInTime = Math.floor((until - this.#now + this.#progress) / ticks);
    const steps = Math.min(stepsDue, stepsInTime);
    if (steps > 0) {
      this.#spend("compute", steps * ticks - this.#progress);
      this.#progress = 0;
      this.#step += steps;
      this.#samples += steps * this.#samplesPerStep();
      this.#record.addSteps(steps, parts);
      if (this.#step === windowEnd(this.#job.loads, this.#step - 1) && this.#samples < this.#job.samples) this.#note("loads");
    }
    if (steps < stepsDue) {
      this.#progress += until - this.#now;
      this.#spend("compute", until - this.#now);
    }
  }

  /** Whole steps after which the loads change, a pause is due or the job is done; at least 1. */
  #stepsUntilSomethingIsDue(ticks: number): number {
    const { checkpoint, rebalanceSteps } = this.#policy;
    const untilTick = (due: number) => Math.max(1, Math.ceil((due - this.#now + this.#progress) / ticks));
    const untilMultiple = (every: number) => every - (this.#step % every);
    let steps = windowEnd(this.#job.loads, this.#step) - this.#step;
    steps = Math.min(steps, Math.ceil((this.#job.samples - this.#samples) / this.#samplesPerStep()));
    if (this.#scaleUpAt < Number.POSITIVE_INFINITY) steps = Math.min(steps, untilTick(this.#scaleUpAt));
    if (rebalanceSteps !== undefined && this.#system.rebalance) steps = Math.min(steps, untilMultiple(rebalanceSteps));
    if (checkpoint !== undefined) {
      const due = "steps" in checkpoint ? untilMultiple(checkpoint.steps) : untilTick(this.#checkpointDueAt(checkpoint.seconds));
      steps = Math.min(steps, due);
    }
    return steps;
  }

  #checkpointDueAt(seconds: number): number {
    return this.#storedAt + toTicks(seconds);
  }

  /** Between two steps: begins what is due. Whether there was anything. */
  #startDuePause(configuration: Configuration): boolean {
    if (this.#progress > 0) return false;
    const { checkpoint, rebalanceSteps } = this.#policy;
    const { recovery } = this.#job.hardware;
    if (checkpoint !== undefined && this.#step > this.#stored.step) {
      const due =
        "steps" in checkpoint ? this.#step % checkpoint.steps === 0 : this.#now >= this.#checkpointDueAt(checkpoint.seconds);
      if (due) {
        this.#storedAt = this.#now;
        this.#begin("checkpoint", recovery.checkpointSeconds + this.#storeSeconds(), configuration);
        return true;
      }
    }
    if (this.#now >= this.#scaleUpAt) {
      this.#scaleUpAt = Number.POSITIVE_INFINITY;
      const scaleUp = this.#system.scaleUp(configuration, this.#liveNodes(), this.#knownLoads());
      if (scaleUp?.by === "reconfigure") {
        this.#begin("reconfigure", recovery.scaleUpSeconds, scaleUp.configuration);
        return true;
      }
      if (scaleUp?.by === "restart") {
        this.#restart();
        return true;
      }
    }
    const rebalances = rebalanceSteps !== undefined && this.#step % rebalanceSteps === 0 && this.#step > this.#plannedStep;
    if (rebalances && this.#system.rebalance) {
      this.#begin("rebalance", recovery.rebalanceSeconds, this.#system.rebalance(configuration, this.#knownLoads()));
      return true;
    }
    return false;
  }

  #storeSeconds(): number {
    const { model, hardware } = this.#job;
    const { storeBytesPerSecond } = hardware.recovery;
    return storeBytesPerSecond === undefined ? 0 : (modelSize(model).total * model.stateBytesPerParameter) / storeBytesPerSecond;
  }

  #begin(activity: Pause["activity"], seconds: number, next: Configuration): void {
    this.#pause = { activity, until: this.#now + toTicks(seconds), next };
    this.#note(activity);
  }

  #stayPaused(pause: Pause, until: number): void {
    this.#spend(pause.activity, Math.min(until, pause.until) - this.#now);
    if (this.#now < pause.until) return;
    this.#pause = undefined;
    this.#configuration = pause.next;
    if (pause.activity === "checkpoint") {
      this.#stored = { step: this.#step, samples: this.#samples, computeTicks: this.#record.ticks.compute };
    } else {
      this.#plannedStep = this.#step;
    }
    if (pause.activity === "restart") this.#storedAt = this.#now;
    this.#note("train");
  }

  #stayIdle(until: number): void {
    const scaleUp = Math.min(until, this.#scaleUpAt);
    this.#spend("idle", scaleUp - this.#now);
    if (this.#now < this.#scaleUpAt) return;
    this.#scaleUpAt = Number.POSITIVE_INFINITY;
    this.#restart();
  }

  #spend(activity: Activity, ticks: number): void {
    this.#record.ticks[activity] += ticks;
    this.#now += ticks;
  }

  /** Goes back to the last checkpoint on the live nodes, or idles when they are too few. */
  #restart(): void {
    this.#record.lostSteps += this.#step - this.#stored.step;
    this.#record.lostTicks += this.#record.ticks.compute - this.#stored.computeTicks;
    this.#step = this.#stored.step;
    this.#samples = this.#stored.samples;
    this.#stored = { ...this.#stored, computeTicks: this.#record.ticks.compute };
    this.#progress = 0;
    this.#pause = undefined;
    this.#scaleUpAt = Number.POSITIVE_INFINITY;
    const next = this.#system.start(this.#liveNodes(), this.#knownLoads());
    this.#configuration = next;
    if (next === undefined) {
      this.#note("idle");
      return;
    }
    this.#record.restarts++;
    this.#begin("restart", this.#job.hardware.recovery.restartSeconds + this.#storeSeconds(), next);
  }

  #applyChange({ added, removed }: MembershipChange): void {
    this.#advanceTrace();
    for (const node of added) this.#live.add(node);
    for (const node of removed) this.#live.delete(node);
    if (added.length > 0) {
      const collected = this.#now + toTicks(this.#job.hardware.recovery.scaleUpDelaySeconds);
      this.#scaleUpAt = Math.min(this.#scaleUpAt, collected);
      this.#note("addition");
    }
    if (removed.length > 0) this.#fail(new Set(removed));
  }

  #fail(removed: ReadonlySet<number>): void {
    const configuration = this.#configuration;
    const inUse = new Set([...(configuration?.nodes ?? []), ...(this.#pause?.next.nodes ?? [])]);
    const hit = [...removed].filter((node) => inUse.has(node)).length;
    this.#note("failure");
    if (configuration === undefined || hit === 0) return;
    this.#record.failures += hit;
    this.#record.lostTicks += this.#progress;
    // The interrupted step's time is booked as lost here, so a rollback must not book it again.
    this.#stored = { ...this.#stored, computeTicks: this.#stored.computeTicks + this.#progress };
    this.#progress = 0;
    const restarting = this.#pause?.activity === "restart";
    const next = restarting ? undefined : this.#system.survive(configuration, this.#liveNodes(), this.#knownLoads());
    if (next === undefined) {
      this.#restart();
      return;
    }
    this.#record.recoveries += hit;
    if (next.nodes.length >= this.#live.size) this.#scaleUpAt = Number.POSITIVE_INFINITY;
    this.#begin("reconfigure", this.#job.hardware.recovery.reconfigureSeconds, next);
  }
}
