/** One training job on one failing cluster, event by event. */
import { storeSeconds } from "../cost/trainingSpec.ts";
import { Infeasible } from "../layout/infeasible.ts";
import { DueWork, type JobClock } from "./dueWork.ts";
import type { Job, RunPolicy } from "./job.ts";
import { LiveNodes } from "./liveNodes.ts";
import { type LoadWindow, windowAt, windowEnd } from "./loadSchedule.ts";
import { type Membership, toSeconds, toTicks } from "./membership.ts";
import { type Activity, RunRecord, type RunResult } from "./runRecord.ts";
import { StepTimer } from "./stepTimer.ts";
import type { TimelineEvent, TimelineRow } from "./timeline.ts";
import type { Configuration, TrainingSystem } from "./trainingSystem.ts";

/** Everything a run depends on. */
export interface RunSetup {
  readonly system: TrainingSystem;
  readonly job: Job;
  readonly policy: RunPolicy;
  readonly membership: Membership;
  /** Called at every change, in the order of time. */
  readonly onTimeline?: ((row: TimelineRow) => void) | undefined;
}

/**
 * Simulates a job from its start to its end.
 *
 * A node's failure loses the step in progress. A system that survives in memory reconfigures; otherwise the job goes back to
 * its last checkpoint. A failure during a pause is answered from the state before the pause. Joined nodes are collected and
 * taken in at the end of a step. The run ends at `seconds`, or with the step that completes `samples`.
 * @throws RangeError when neither seconds nor samples bound the job, or when it can never reach its samples
 */
export function simulateRun(setup: RunSetup): RunResult {
  if (setup.job.seconds === Number.POSITIVE_INFINITY && setup.job.samples === Number.POSITIVE_INFINITY) {
    throw new RangeError("a job needs an end: seconds or samples");
  }
  return new Run(setup).toEnd();
}

/** The job stands still until something is done. */
interface Pause {
  readonly activity: Exclude<Activity, "compute" | "idle">;
  readonly from: number;
  readonly until: number;
  /** How the job goes on. */
  readonly next: Configuration;
}

class Run {
  readonly #system: TrainingSystem;
  readonly #job: Job;
  readonly #onTimeline: ((row: TimelineRow) => void) | undefined;
  readonly #record = new RunRecord();
  readonly #timer: StepTimer;
  readonly #due: DueWork;
  readonly #live: LiveNodes;
  readonly #end: number;
  #now = 0;
  #step = 0;
  #samples = 0;
  /** Ticks spent on the step in progress. */
  #begun = 0;
  /** What the nodes' memory is laid out for; undefined while the job has too few of them. */
  #configuration: Configuration | undefined;
  #pause: Pause | undefined;

  constructor({ system, job, policy, membership, onTimeline }: RunSetup) {
    this.#system = system;
    this.#job = job;
    this.#onTimeline = onTimeline;
    this.#timer = new StepTimer(job);
    this.#due = new DueWork(job, policy, system.rebalance !== undefined);
    this.#live = new LiveNodes(membership);
    this.#end = job.seconds === Number.POSITIVE_INFINITY ? job.seconds : toTicks(job.seconds);
  }

  toEnd(): RunResult {
    this.#configuration = this.#system.start(this.#live.list(), this.#knownLoads());
    this.#note("start");
    while (this.#now < this.#end && this.#samples < this.#job.samples) {
      const until = Math.min(this.#end, this.#live.nextChangeAt);
      if (this.#pause !== undefined) this.#stayPaused(this.#pause, until);
      else if (this.#configuration === undefined) this.#stayIdle(until);
      else if (!this.#beginWhatIsDue(this.#configuration)) this.#train(this.#configuration, until);
      while (this.#now < this.#end && this.#now === this.#live.nextChangeAt) this.#change();
    }
    this.#note("end");
    return this.#record.result(this.#system.name, { step: this.#step, samples: this.#samples });
  }

  #train(configuration: Configuration, until: number): void {
    const { ticks, parts } = this.#timer.timeOf(configuration, this.#step);
    const due = this.#stepsUntilDue(configuration, ticks);
    const steps = Math.min(due, Math.floor((until - this.#now + this.#begun) / ticks));
    if (steps > 0) {
      this.#spend("compute", steps * ticks - this.#begun);
      this.#begun = 0;
      this.#step += steps;
      this.#samples += steps * this.#timer.samplesOf(configuration);
      this.#record.finish(steps, parts);
      const newLoads = this.#step === windowEnd(this.#job.loads, this.#step - 1);
      if (newLoads && this.#samples < this.#job.samples) this.#note("loads");
    }
    if (steps < due) {
      this.#begun += until - this.#now;
      this.#spend("compute", until - this.#now);
    }
  }

  /** Whole steps after which the loads change, a pause is due or the job is done; at least 1. */
  #stepsUntilDue(configuration: Configuration, ticksPerStep: number): number {
    const samplesLeft = this.#job.samples - this.#samples;
    return Math.min(
      windowEnd(this.#job.loads, this.#step) - this.#step,
      Math.ceil(samplesLeft / this.#timer.samplesOf(configuration)),
      this.#due.stepsUntilDue(this.#clock(), ticksPerStep),
    );
  }

  /** Between two steps: begins the pause that is due, if any. */
  #beginWhatIsDue(configuration: Configuration): boolean {
    if (this.#begun > 0) return false;
    const { recovery } = this.#job.hardware;
    if (this.#due.checkpointIsDue(this.#clock(), this.#record.saved.step)) {
      this.#beginPause("checkpoint", recovery.checkpointSeconds + storeSeconds(this.#job), configuration);
      return true;
    }
    if (this.#now >= this.#due.scaleUpAt) {
      const scaleUp = this.#system.scaleUp(configuration, this.#live.list(), this.#knownLoads());
      // A restart that nothing forces saves the job's state first.
      if (scaleUp?.by === "restart" && this.#record.saved.step !== this.#step) {
        this.#beginPause("checkpoint", recovery.checkpointSeconds + storeSeconds(this.#job), configuration);
        return true;
      }
      this.#due.allTakenIn();
      if (scaleUp?.by === "restart") this.#restart();
      else if (scaleUp?.by === "reconfigure") this.#beginPause("reconfigure", recovery.scaleUpSeconds, scaleUp.configuration);
      if (scaleUp !== undefined) return true;
    }
    if (!this.#system.rebalance || !this.#due.rebalanceIsDue(this.#clock())) return false;
    const next = this.#system.rebalance(configuration, this.#knownLoads());
    this.#due.planned(this.#step);
    if (next === configuration) return false;
    this.#beginPause("rebalance", recovery.rebalanceSeconds, next);
    return true;
  }

  #beginPause(activity: Pause["activity"], seconds: number, next: Configuration): void {
    this.#pause = { activity, from: this.#now, until: this.#now + toTicks(seconds), next };
    this.#note(activity);
  }

  #stayPaused({ activity, from, until, next }: Pause, change: number): void {
    this.#spend(activity, Math.min(until, change) - this.#now);
    if (this.#now < until) return;
    this.#pause = undefined;
    this.#configuration = next;
    // Only a checkpoint that comes to its end counts.
    if (activity === "checkpoint") {
      this.#record.save({ step: this.#step, samples: this.#samples });
      this.#due.saves(from);
    } else this.#due.planned(this.#step);
    if (activity === "restart") this.#due.saves(this.#now);
    this.#note("train");
  }

  #stayIdle(until: number): void {
    const next = Math.min(until, this.#due.scaleUpAt);
    if (next === Number.POSITIVE_INFINITY) {
      throw new Infeasible(`${this.#system.name} cannot finish: ${this.#live.count} nodes are left, too few, and none will join`);
    }
    this.#spend("idle", next - this.#now);
    if (this.#now >= this.#due.scaleUpAt) this.#restart();
  }

  #change(): void {
    const { joined, removed } = this.#live.change();
    if (joined.length > 0) {
      this.#due.joined(this.#now);
      this.#note("addition");
    }
    if (removed.length > 0) this.#fail(removed);
  }

  #fail(removed: readonly number[]): void {
    const configuration = this.#configuration;
    const inUse = new Set([...(configuration?.nodes ?? []), ...(this.#pause?.next.nodes ?? [])]);
    const failures = removed.filter((node) => inUse.has(node)).length;
    this.#note("failure", failures > 0 || this.#pause !== undefined);
    if (configuration === undefined || failures === 0) return;
    this.#record.failures += failures;
    this.#record.interrupt(this.#begun);
    this.#begun = 0;
    // During a restart the nodes' memory holds nothing yet.
    const survives = this.#pause?.activity !== "restart";
    const next = survives ? this.#system.survive(configuration, this.#live.list(), this.#knownLoads()) : undefined;
    if (next === undefined) {
      this.#restart();
      return;
    }
    this.#record.recoveries += failures;
    // The reconfiguration takes in whoever waits, where the system takes in everybody.
    if (next.nodes.length === this.#live.count) this.#due.allTakenIn();
    this.#beginPause("reconfigure", this.#job.hardware.recovery.reconfigureSeconds, next);
  }

  /** Goes back to the last checkpoint on the live nodes, or idles while they are too few. */
  #restart(): void {
    const { step, samples } = this.#record.rollBack(this.#step);
    this.#step = step;
    this.#samples = samples;
    this.#pause = undefined;
    this.#due.allTakenIn();
    this.#configuration = this.#system.start(this.#live.list(), this.#knownLoads());
    if (this.#configuration === undefined) {
      this.#note("idle");
      return;
    }
    this.#record.restarts++;
    const seconds = this.#job.hardware.recovery.restartSeconds + storeSeconds(this.#job);
    this.#beginPause("restart", seconds, this.#configuration);
  }

  #spend(activity: Activity, ticks: number): void {
    this.#record.spend(activity, ticks);
    this.#now += ticks;
  }

  #clock(): JobClock {
    return { now: this.#now, step: this.#step, begun: this.#begun };
  }

  /** Loads of the last finished step: nobody knows the next one's. */
  #knownLoads(): LoadWindow {
    return windowAt(this.#job.loads, Math.max(0, this.#step - 1));
  }

  #note(event: TimelineEvent, stopped = this.#pause !== undefined): void {
    if (this.#onTimeline === undefined) return;
    const configuration = stopped ? undefined : this.#configuration;
    this.#onTimeline({
      system: this.#system.name,
      second: toSeconds(this.#now),
      nodes: this.#live.count,
      training: configuration?.nodes.length ?? 0,
      samplesPerSecond: configuration ? this.#timer.rateOf(configuration, this.#step) : 0,
      samples: this.#samples,
      event,
    });
  }
}
