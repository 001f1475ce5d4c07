/** One training job on one failing cluster, event by event. */
import { type Job, type RunPolicy, storeSeconds } from "./job.ts";
import { type LoadWindow, windowAt, windowEnd } from "./loadSchedule.ts";
import { type Membership, type MembershipChange, simultaneousChanges, toSeconds, toTicks } from "./membership.ts";
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
  readonly until: number;
  /** How the job goes on. */
  readonly next: Configuration;
}

class Run {
  readonly #system: TrainingSystem;
  readonly #job: Job;
  readonly #policy: RunPolicy;
  readonly #onTimeline: ((row: TimelineRow) => void) | undefined;
  readonly #record = new RunRecord();
  readonly #timer: StepTimer;
  readonly #changes: Iterator<MembershipChange>;
  readonly #live: Set<number>;
  readonly #end: number;
  #nextChange: MembershipChange | undefined;
  #now = 0;
  #step = 0;
  #samples = 0;
  /** Ticks spent on the step in progress. */
  #begun = 0;
  #lastSave = 0;
  #plannedStep = 0;
  #scaleUpAt = Number.POSITIVE_INFINITY;
  /** What the nodes' memory is laid out for; undefined while the job has too few of them. */
  #configuration: Configuration | undefined;
  #pause: Pause | undefined;

  constructor({ system, job, policy, membership, onTimeline }: RunSetup) {
    this.#system = system;
    this.#job = job;
    this.#policy = policy;
    this.#onTimeline = onTimeline;
    this.#timer = new StepTimer(job);
    this.#live = new Set(membership.initial);
    this.#changes = simultaneousChanges(membership.changes);
    this.#end = job.seconds === Number.POSITIVE_INFINITY ? job.seconds : toTicks(job.seconds);
  }

  toEnd(): RunResult {
    this.#lookAhead();
    this.#configuration = this.#system.start(this.#liveNodes(), this.#knownLoads());
    this.#note("start");
    while (this.#now < this.#end && this.#samples < this.#job.samples) {
      const until = Math.min(this.#end, this.#nextChange?.ticks ?? Number.POSITIVE_INFINITY);
      if (this.#pause !== undefined) this.#stayPaused(this.#pause, until);
      else if (this.#configuration === undefined) this.#stayIdle(until);
      else if (!this.#beginWhatIsDue(this.#configuration)) this.#train(this.#configuration, until);
      if (this.#now < this.#end && this.#nextChange !== undefined && this.#now === this.#nextChange.ticks) {
        this.#change(this.#nextChange);
      }
    }
    this.#note("end");
    return this.#record.result(this.#system.name, { step: this.#step, samples: this.#samples });
  }

  #train(configuration: Configuration, until: number): void {
    const { ticks, parts } = this.#timer.timeOf(configuration, this.#step);
    const due = this.#stepsUntilDue(ticks);
    const steps = Math.min(due, Math.floor((until - this.#now + this.#begun) / ticks));
    if (steps > 0) {
      this.#spend("compute", steps * ticks - this.#begun);
      this.#begun = 0;
      this.#step += steps;
      this.#samples += steps * this.#samplesPerStep(configuration);
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
  #stepsUntilDue(ticks: number): number {
    const { checkpoint, rebalanceSteps } = this.#policy;
    const untilTick = (due: number) => Math.max(1, Math.ceil((due - this.#now + this.#begun) / ticks));
    const untilMultiple = (every: number) => every - (this.#step % every);
    const samplesLeft = this.#job.samples - this.#samples;
    let steps = windowEnd(this.#job.loads, this.#step) - this.#step;
    steps = Math.min(steps, Math.ceil(samplesLeft / this.#samplesPerStep(this.#configuration as Configuration)));
    if (this.#scaleUpAt < Number.POSITIVE_INFINITY) steps = Math.min(steps, untilTick(this.#scaleUpAt));
    if (rebalanceSteps !== undefined && this.#system.rebalance) steps = Math.min(steps, untilMultiple(rebalanceSteps));
    if (checkpoint === undefined) return steps;
    return Math.min(
      steps,
      "steps" in checkpoint ? untilMultiple(checkpoint.steps) : untilTick(this.#lastSave + toTicks(checkpoint.seconds)),
    );
  }

  /** Between two steps: begins the pause that is due, if any. */
  #beginWhatIsDue(configuration: Configuration): boolean {
    if (this.#begun > 0) return false;
    const { recovery } = this.#job.hardware;
    const { rebalanceSteps } = this.#policy;
    if (this.#checkpointIsDue()) {
      this.#lastSave = this.#now;
      this.#beginPause("checkpoint", recovery.checkpointSeconds + storeSeconds(this.#job), configuration);
      return true;
    }
    if (this.#now >= this.#scaleUpAt) {
      this.#scaleUpAt = Number.POSITIVE_INFINITY;
      const scaleUp = this.#system.scaleUp(configuration, this.#liveNodes(), this.#knownLoads());
      if (scaleUp?.by === "restart") this.#restart();
      else if (scaleUp?.by === "reconfigure") this.#beginPause("reconfigure", recovery.scaleUpSeconds, scaleUp.configuration);
      if (scaleUp !== undefined) return true;
    }
    const rebalances = rebalanceSteps !== undefined && this.#step % rebalanceSteps === 0 && this.#step > this.#plannedStep;
    if (!rebalances || !this.#system.rebalance) return false;
    this.#beginPause("rebalance", recovery.rebalanceSeconds, this.#system.rebalance(configuration, this.#knownLoads()));
    return true;
  }

  #checkpointIsDue(): boolean {
    const { checkpoint } = this.#policy;
    if (checkpoint === undefined || this.#step === this.#record.saved.step) return false;
    if ("steps" in checkpoint) return this.#step % checkpoint.steps === 0;
    return this.#now >= this.#lastSave + toTicks(checkpoint.seconds);
  }

  #beginPause(activity: Pause["activity"], seconds: number, next: Configuration): void {
    this.#pause = { activity, until: this.#now + toTicks(seconds), next };
    this.#note(activity);
  }

  #stayPaused({ activity, until, next }: Pause, change: number): void {
    this.#spend(activity, Math.min(until, change) - this.#now);
    if (this.#now < until) return;
    this.#pause = undefined;
    this.#configuration = next;
    if (activity === "checkpoint") this.#record.save({ step: this.#step, samples: this.#samples });
    else this.#plannedStep = this.#step;
    if (activity === "restart") this.#lastSave = this.#now;
    this.#note("train");
  }

  #stayIdle(until: number): void {
    const next = Math.min(until, this.#scaleUpAt);
    if (next === Number.POSITIVE_INFINITY) {
      throw new RangeError(`${this.#system.name} cannot finish: ${this.#live.size} nodes are left, too few, and none will join`);
    }
    this.#spend("idle", next - this.#now);
    if (this.#now >= this.#scaleUpAt) this.#restart();
  }

  #change({ added, removed }: MembershipChange): void {
    this.#lookAhead();
    const joined = added.filter((node) => !this.#live.has(node));
    for (const node of joined) this.#live.add(node);
    for (const node of removed) this.#live.delete(node);
    if (joined.length > 0) {
      this.#scaleUpAt = Math.min(this.#scaleUpAt, this.#now + toTicks(this.#job.hardware.recovery.scaleUpDelaySeconds));
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
    const next = survives ? this.#system.survive(configuration, this.#liveNodes(), this.#knownLoads()) : undefined;
    if (next === undefined) {
      this.#restart();
      return;
    }
    this.#record.recoveries += failures;
    // The reconfiguration takes in whoever waits, where the system takes in everybody.
    if (next.nodes.length === this.#live.size) this.#scaleUpAt = Number.POSITIVE_INFINITY;
    this.#beginPause("reconfigure", this.#job.hardware.recovery.reconfigureSeconds, next);
  }

  /** Goes back to the last checkpoint on the live nodes, or idles while they are too few. */
  #restart(): void {
    const { step, samples } = this.#record.rollBack(this.#step);
    this.#step = step;
    this.#samples = samples;
    this.#pause = undefined;
    this.#scaleUpAt = Number.POSITIVE_INFINITY;
    this.#configuration = this.#system.start(this.#liveNodes(), this.#knownLoads());
    if (this.#configuration === undefined) {
      this.#note("idle");
      return;
    }
    this.#record.restarts++;
    const seconds = this.#job.hardware.recovery.restartSeconds + storeSeconds(this.#job);
    this.#beginPause("restart", seconds, this.#configuration);
  }

  #lookAhead(): void {
    const next = this.#changes.next();
    this.#nextChange = next.done === true ? undefined : next.value;
  }

  #spend(activity: Activity, ticks: number): void {
    this.#record.spend(activity, ticks);
    this.#now += ticks;
  }

  #liveNodes(): number[] {
    return [...this.#live].sort((a, b) => a - b);
  }

  /** Loads of the last finished step: nobody knows the next one's. */
  #knownLoads(): LoadWindow {
    return windowAt(this.#job.loads, Math.max(0, this.#step - 1));
  }

  #samplesPerStep(configuration: Configuration): number {
    return configuration.nodes.length * this.#job.model.sequencesPerNode;
  }

  #note(event: TimelineEvent, stopped = this.#pause !== undefined): void {
    if (this.#onTimeline === undefined) return;
    const configuration = stopped ? undefined : this.#configuration;
    const rate =
      configuration && this.#samplesPerStep(configuration) / toSeconds(this.#timer.timeOf(configuration, this.#step).ticks);
    this.#onTimeline({
      system: this.#system.name,
      second: toSeconds(this.#now),
      nodes: this.#live.size,
      training: configuration?.nodes.length ?? 0,
      samplesPerSecond: rate ?? 0,
      samples: this.#samples,
      event,
    });
  }
}
