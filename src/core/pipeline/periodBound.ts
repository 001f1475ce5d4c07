/** No schedule has a shorter period than this. */
import { type StageTimes, stageWork } from "./pipelineJob.ts";
import { type TaskGraph, WEIGHT_GRADIENT } from "./taskGraph.ts";

/**
 * Why a period cannot be shorter.
 *
 *   work         the busiest worker of the stage computes all the time
 *   round-trip   it also waits for the first gradient to come back from the stages after it
 *   pipeline     another stage waits until the first micro-batch has come here, and for the last to return
 *   activations  it holds each micro-batch's activations for a round trip, and has slots for only so many
 */
export const LIMITS = ["work", "round-trip", "pipeline", "activations"] as const;

/** What a stage's busiest worker has to do, and has room for. */
export interface StageLoad {
  readonly time: StageTimes;
  readonly microBatches: number;
  /** Activations that it may hold. */
  readonly slots: number;
}

/** A bound and what it comes from. */
export interface PeriodBound {
  readonly period: number;
  readonly limit: (typeof LIMITS)[number];
  readonly stage: number;
}

/**
 * The bound of `stageBound` for the tasks of an iteration.
 * @param staggered whether each stage steps its optimizer alone
 */
export function periodBound({ job, durations, workers, slots }: TaskGraph, staggered: boolean): PeriodBound {
  const S = job.stages.length;
  const times = Array.from({ length: S }, (_, s) => ({
    forward: durations[3 * s]!,
    inputGradient: durations[3 * s + 1]!,
    weightGradient: durations[3 * s + 2]!,
  }));
  const done = new Int32Array(slots.length);
  workers.forEach((worker, task) => {
    if (task % 3 === WEIGHT_GRADIENT) done[worker]!++;
  });
  const loads = times.map((time, s) => {
    const peers = Array.from({ length: job.pipelines }, (_, p) => p * S + s);
    return { time, microBatches: Math.max(...peers.map((worker) => done[worker]!)), slots: slots[s]! };
  });
  return stageBound(loads, staggered);
}

/**
 * The largest of the bounds below, for the busiest worker of each stage s: n micro-batches, room for K activations.
 *
 * 1. work: n (F + Bi + Bw), where n is at least ceil(N D / live): the law of ReCycle's schedules.
 * 2. round-trip: before the first Bi, a round trip R after the first F, it can do K of its F only: n (F + Bi + Bw) + idle with
 *    idle = max(0, F + R - min(n, K) F).
 * 3. pipeline: when its last Bi ends it holds at most K activations, so n - K Bw are done: from first F to last Bi it takes
 *    n (F + Bi) + max(0, n - K) Bw + idle. A stage u <= s has its own first F as much earlier as the F from u to s take, and its last
 *    Bi and one Bw after it. With a common optimizer step the first F of stage 0 counts for every u.
 * 4. activations: each is held for F + R + Bi + Bw, K at a time.
 *
 * @param staggered whether each stage steps its optimizer alone
 */
export function stageBound(loads: readonly StageLoad[], staggered: boolean): PeriodBound {
  const times = loads.map(({ time }) => time);
  let best: PeriodBound = { period: 0, limit: "work", stage: 0 };
  const claim = (period: number, limit: PeriodBound["limit"], stage: number) => {
    if (period > best.period + 1e-9 * period) best = { period, limit, stage };
  };
  const stages = loads.map(({ time, microBatches: n, slots: K }, s) => {
    const after = times.slice(s + 1);
    const roundTrip = after.reduce((sum, { forward, inputGradient }) => sum + forward + inputGradient, 0);
    const idle = Math.max(0, time.forward + roundTrip - Math.min(n, K) * time.forward);
    return { time, s, n, K, roundTrip, idle };
  });
  for (const { time, s, n } of stages) claim(n * stageWork(time), "work", s);
  for (const { time, s, n, idle } of stages) claim(n * stageWork(time) + idle, "round-trip", s);
  for (const { time, s, n, K, idle } of stages) {
    const span = n * (time.forward + time.inputGradient) + Math.max(0, n - K) * time.weightGradient + idle;
    const wholeHead = times.slice(0, s).reduce((sum, { forward }) => sum + forward, 0);
    let head = 0;
    let tail = 0;
    for (let u = s; u >= 0; u--) {
      if (u < s) {
        head += times[u]!.forward;
        tail += times[u]!.inputGradient;
      }
      claim((staggered ? head : wholeHead) + span + tail + times[u]!.weightGradient, "pipeline", s);
    }
    if (!staggered) claim(wholeHead + n * stageWork(time) + idle, "pipeline", s);
  }
  for (const { time, s, n, K, roundTrip } of stages) claim((n * (stageWork(time) + roundTrip)) / K, "activations", s);
  return best;
}
