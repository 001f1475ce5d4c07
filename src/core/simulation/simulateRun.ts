/** One training job on one failing cluster, event by event. */
import { checkChoice } from "../algorithms/checkChoice.ts";
import { Infeasible } from "../layout/infeasible.ts";
import { CHECKPOINT_METHODS } from "./checkpointing.ts";
import { windowEnd } from "./loadSchedule.ts";
import { toTicks } from "./membership.ts";
import type { RunResult } from "./runRecord.ts";
import { type Pause, type RunSetup, RunState } from "./runState.ts";
import type { Configuration } from "./trainingSystem.ts";

export type { RunSetup } from "./runState.ts";

/**
 * Simulates a job from its start to its end.
 *
 * A node's failure loses the step in progress. A system that survives in memory reconfigures; otherwise the job goes back to
 * its last checkpoint. A failure during a pause is answered from the state before the pause. Joined nodes are collected and
 * taken in at the end of a step. The run ends at `seconds`, or with the step that completes `samples`.
 * @throws RangeError when neither seconds nor samples bound the job, or when it can never reach its samples
 */
export function simulateRun(setup: RunSetup): RunResult {
  checkChoice("method", setup.policy.method?.kind, CHECKPOINT_METHODS);
  if (setup.job.seconds === Number.POSITIVE_INFINITY && setup.job.samples === Number.POSITIVE_INFINITY) {
    throw new RangeError("a job needs an end: seconds or samples");
  }
  return new Run(setup).toEnd();
}

class Run extends RunState {
  toEnd(): RunResult {
    this.configuration = this.system.start(this.live.list(), this.knownLoads());
    this.trainOn();
    this.note("start");
    while (this.now < this.end && this.samples < this.job.samples) {
      const until = Math.min(this.end, this.live.nextChangeAt);
      if (this.pause !== undefined) this.#stayPaused(this.pause, until);
      else if (this.configuration === undefined) this.#stayIdle(until);
      else if (!this.#beginWhatIsDue(this.configuration)) this.#train(this.configuration, until);
      while (this.now < this.end && this.now === this.live.nextChangeAt) this.#change();
    }
    this.note("end");
    return this.record.result(this.system.name, this.progress());
  }

  #train(configuration: Configuration, until: number): void {
    const { ticks: computeTicks, parts } = this.timer.timeOf(configuration, this.step);
    const ticks = computeTicks + this.copyTicks;
    const due = this.#stepsUntilDue(configuration, ticks);
    const steps = Math.min(due, Math.floor((until - this.now + this.begun) / ticks));
    if (steps > 0) {
      this.spend("compute", steps * computeTicks - this.begun);
      this.spend("checkpoint", steps * this.copyTicks);
      this.begun = 0;
      this.step += steps;
      const each = this.timer.samplesOf(configuration);
      this.samples += steps * each;
      this.record.finish(steps, parts);
      this.protection.finished(this.step, steps, (ago) => this.record.mark(this.progress(), { ago, each, computeTicks }));
      const newLoads = this.step === windowEnd(this.job.loads, this.step - 1);
      if (newLoads && this.samples < this.job.samples) this.note("loads");
    }
    if (steps < due) {
      this.begun += until - this.now;
      this.spend("compute", until - this.now);
    }
  }

  /** Whole steps after which the loads change, a pause is due or the job is done; at least 1. */
  #stepsUntilDue(configuration: Configuration, ticksPerStep: number): number {
    const samplesLeft = this.job.samples - this.samples;
    return Math.min(
      windowEnd(this.job.loads, this.step) - this.step,
      Math.ceil(samplesLeft / this.timer.samplesOf(configuration)),
      this.due.stepsUntilDue(this.clock(), ticksPerStep, this.protection.arrivesAt),
    );
  }

  /** Between two steps: begins the pause that is due, if any. */
  #beginWhatIsDue(configuration: Configuration): boolean {
    if (this.begun > 0) return false;
    this.protection.settle(this.now);
    const { savedStep, arrivesAt } = this.protection;
    if (this.leaving) return this.#leave(configuration);
    if (this.due.checkpointIsDue(this.clock(), savedStep, arrivesAt)) return this.#save(configuration);
    if (this.now >= this.due.scaleUpAt) {
      const scaleUp = this.system.scaleUp(configuration, this.live.list(), this.knownLoads());
      if (scaleUp?.by === "restart") return this.#restartAsPlanned(configuration);
      this.due.allTakenIn();
      if (scaleUp !== undefined) return this.#reconfigure(scaleUp.configuration, this.pauses.change(scaleUp.configuration));
    }
    if (!this.system.rebalance || !this.due.rebalanceIsDue(this.clock())) return false;
    const next = this.system.rebalance(configuration, this.knownLoads());
    this.due.planned(this.step);
    const ticks = next === configuration ? 0 : this.pauses.rebalance(next);
    this.configuration = ticks === 0 ? next : configuration;
    if (ticks > 0) this.beginPause("rebalance", ticks, next);
    return ticks > 0;
  }

  #save(configuration: Configuration, waits = false): true {
    this.beginPause("checkpoint", this.protection.pauseTicks(configuration.nodes.length, waits), configuration, waits);
    return true;
  }

  #reconfigure(next: Configuration, ticks: number): true {
    this.beginPause("reconfigure", ticks, next);
    return true;
  }

  /** A restart that nothing forces saves the job's state first, and waits until that is safe. */
  #restartAsPlanned(configuration: Configuration): true {
    if (this.protection.lastState().mark.step !== this.step) return this.#save(configuration, true);
    this.restart();
    return true;
  }

  /** Goes on without nodes that are to leave: with the survivors where they hold everything, or after a planned restart. */
  #leave(configuration: Configuration): true {
    const next = this.system.survive(configuration, this.live.list(), this.knownLoads());
    if (next === undefined) return this.#restartAsPlanned(configuration);
    this.leaving = false;
    return this.#reconfigure(next, this.pauses.change(next));
  }

  #stayPaused({ activity, from, until, next, waits }: Pause, change: number): void {
    this.spend(activity, Math.min(until, change) - this.now);
    if (this.now < until) return;
    this.pause = undefined;
    this.configuration = next;
    // Only a checkpoint that comes to its end counts.
    if (activity === "checkpoint") {
      this.protection.save(this.record.mark(this.progress()), this.now, waits ? undefined : next.nodes.length);
      this.due.saves(from);
    } else {
      this.due.planned(this.step);
      this.trainOn();
    }
    // With the state from memory the last checkpoint in the store is as old as before.
    if (activity === "restart" && !this.cameFromMemory) this.due.saves(this.now);
    this.note("train");
  }

  #stayIdle(until: number): void {
    const next = Math.min(until, this.due.scaleUpAt);
    if (next === Number.POSITIVE_INFINITY) {
      throw new Infeasible(`${this.system.name} cannot finish: ${this.live.count} nodes are left, too few, and none will join`);
    }
    this.spend("idle", next - this.now);
    if (this.now >= this.due.scaleUpAt) this.restart();
  }

  #change(): void {
    const { added, takingOver, removed, replacedAt, drained } = this.live.change();
    if (added.length > 0) {
      if (takingOver.length < added.length || !this.#takeOver()) this.due.joined(this.now);
      this.note("addition");
    }
    if (removed.length > 0) this.#fail(removed, replacedAt);
    if (this.inUse(drained).length > 0) this.leaving = true;
  }

  /** A restart waits for a spare that comes before another restart would be over. */
  #awaitSpare(replacedAt: number): void {
    const patience = toTicks(this.job.hardware.recovery.restartSeconds);
    if (this.pause === undefined || replacedAt === 0 || replacedAt - this.now > patience) return;
    this.pause = { ...this.pause, until: Math.max(this.pause.until, replacedAt + 1) };
  }

  /** Spares that come while the job recovers take part from then on. */
  #takeOver(): boolean {
    const { activity, until } = this.pause ?? {};
    const configuration = this.configuration;
    if (until === undefined || configuration === undefined) return false;
    const known = this.knownLoads();
    if (activity === "restart") {
      this.configuration = this.system.start(this.live.list(), known) ?? configuration;
      this.pause = { ...this.pause!, next: this.configuration };
      return true;
    }
    const next = activity === "reconfigure" ? this.system.survive(configuration, this.live.list(), known) : undefined;
    if (next !== undefined) this.pause = { ...this.pause!, next, until: Math.max(until, this.now + this.pauses.change(next)) };
    return next !== undefined;
  }

  #fail(removed: readonly number[], replacedAt: number): void {
    const configuration = this.configuration;
    const failed = this.inUse(removed);
    const failures = failed.length;
    this.note("failure", failures > 0 || this.pause !== undefined);
    if (configuration === undefined || failures === 0) return;
    this.record.failures += failures;
    this.record.interrupt(this.begun);
    this.begun = 0;
    this.protection.lose(failed, this.now);
    // During a restart the nodes' memory holds nothing yet.
    const survives = this.pause?.activity !== "restart";
    const next = survives ? this.system.survive(configuration, this.live.list(), this.knownLoads()) : undefined;
    if (next === undefined) {
      this.restart();
      this.#awaitSpare(replacedAt);
      return;
    }
    this.record.recoveries += failures;
    this.leaving = false;
    // The reconfiguration takes in whoever waits, where the system takes in everybody.
    if (next.nodes.length === this.live.count) this.due.allTakenIn();
    this.beginPause("reconfigure", this.pauses.reconfigure(next), next);
  }
}
