/** Where a run stands, and what changes that: time that passes, pauses, restarts. */
import { DueWork, type JobClock } from "./dueWork.ts";
import type { Job, RunPolicy } from "./job.ts";
import { LiveNodes } from "./liveNodes.ts";
import { type LoadWindow, windowAt } from "./loadSchedule.ts";
import { type Membership, toSeconds, toTicks } from "./membership.ts";
import { type Pauses, pausesOf } from "./pauses.ts";
import { Protection } from "./protection.ts";
import { type Activity, type Progress, RunRecord } from "./runRecord.ts";
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

/** The job stands still until something is done. */
export interface Pause {
  readonly activity: Exclude<Activity, "compute" | "idle">;
  readonly from: number;
  readonly until: number;
  /** How the job goes on. */
  readonly next: Configuration;
  /** Whether a checkpoint is safe when it ends, and not a while later. */
  readonly waits: boolean;
}

/** State of a run. */
export abstract class RunState {
  protected readonly system: TrainingSystem;
  protected readonly job: Job;
  protected readonly onTimeline: ((row: TimelineRow) => void) | undefined;
  protected readonly record = new RunRecord();
  protected readonly timer: StepTimer;
  protected readonly due: DueWork;
  protected readonly pauses: Pauses;
  protected readonly protection: Protection;
  protected readonly live: LiveNodes;
  protected readonly end: number;
  protected now = 0;
  protected step = 0;
  protected samples = 0;
  /** Ticks spent on the step in progress. */
  protected begun = 0;
  /** What the nodes' memory is laid out for; undefined while the job has too few of them. */
  protected configuration: Configuration | undefined;
  protected pause: Pause | undefined;
  /** What checkpoints in memory add to every step. */
  protected copyTicks = 0;
  /** Whether the last restart found the state in memory. */
  protected cameFromMemory = false;
  /** Whether nodes of the configuration are to leave at the end of the step. */
  protected leaving = false;

  constructor({ system, job, policy, membership, onTimeline }: RunSetup) {
    this.system = system;
    this.job = job;
    this.onTimeline = onTimeline;
    this.timer = new StepTimer(job, membership.slowdown);
    this.pauses = pausesOf(job);
    this.protection = new Protection(job, policy.method ?? { kind: "blocking" });
    this.due = new DueWork(job, policy, system.rebalance !== undefined);
    this.live = new LiveNodes(membership);
    this.end = job.seconds === Number.POSITIVE_INFINITY ? job.seconds : toTicks(job.seconds);
  }

  /** The configuration has the state in all its memory. */
  protected trainOn(): void {
    const configuration = this.configuration;
    if (configuration === undefined) return;
    const { parts } = this.timer.timeOf(configuration, this.step);
    const memory = this.protection.memoryCosts(configuration.nodes.length, parts);
    this.copyTicks = toTicks(memory?.stepSeconds ?? 0);
    this.protection.trainsOn(configuration.nodes, this.record.mark(this.progress()), memory);
  }

  protected beginPause(activity: Pause["activity"], ticks: number, next: Configuration, waits = false): void {
    this.pause = { activity, from: this.now, until: this.now + ticks, next, waits };
    this.note(activity);
  }

  /** Those of some nodes that train, or are to. */
  protected inUse(nodes: readonly number[]): number[] {
    return nodes.filter((node) => this.configuration?.nodes.includes(node) || this.pause?.next.nodes.includes(node));
  }

  /** Goes back to the last checkpoint on the live nodes, or idles while they are too few. */
  protected restart(): void {
    const saved = this.protection.lastState();
    this.record.rollBack(this.step, saved.mark);
    this.step = saved.mark.step;
    this.samples = saved.mark.samples;
    this.pause = undefined;
    this.leaving = false;
    this.due.allTakenIn();
    this.configuration = this.system.start(this.live.list(), this.knownLoads());
    if (this.configuration === undefined) {
      this.note("idle");
      return;
    }
    this.record.restarts++;
    this.cameFromMemory = saved.memory !== undefined;
    this.beginPause("restart", this.pauses.restart(this.configuration, saved), this.configuration);
  }

  protected progress(): Progress {
    return { step: this.step, samples: this.samples };
  }

  protected spend(activity: Activity, ticks: number): void {
    this.record.spend(activity, ticks);
    this.now += ticks;
  }

  protected clock(): JobClock {
    return { now: this.now, step: this.step, begun: this.begun };
  }

  /** Loads of the last finished step: nobody knows the next one's. */
  protected knownLoads(): LoadWindow {
    return windowAt(this.job.loads, Math.max(0, this.step - 1));
  }

  protected note(event: TimelineEvent, stopped = this.pause !== undefined): void {
    if (this.onTimeline === undefined) return;
    const configuration = stopped ? undefined : this.configuration;
    this.onTimeline({
      system: this.system.name,
      second: toSeconds(this.now),
      nodes: this.live.count,
      training: configuration?.nodes.length ?? 0,
      samplesPerSecond: configuration ? this.timer.rateOf(configuration, this.step) : 0,
      samples: this.samples,
      event,
    });
  }
}
