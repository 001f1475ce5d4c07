/** When tasks start whose order on every worker is fixed, and how often iterations can follow each other. */
import type { FixedOrder } from "./fixedOrder.ts";

/** Starts of an iteration's tasks, and the time after which the next one has the same. */
export interface Timing {
  readonly starts: Float64Array;
  readonly period: number;
}

/** Rounding of sums of durations. */
const TOLERANCE = 1e-9;

/** All stages step their optimizer when the last is done: the next iteration begins then. */
export function togetherTiming(fixed: FixedOrder): Timing {
  const rounds = new Rounds(fixed);
  rounds.run();
  return { starts: rounds.starts, period: Math.max(...rounds.ends) };
}

/**
 * Each stage steps its optimizer when its own workers are done, and begins the next iteration (ReCycle's staggered optimizer): the
 * period T is long enough when each stage does its tasks within T.
 *
 * Stage s may then begin no earlier than its end less T. When T is long enough the starts settle within S rounds, as in
 * Bellman and Ford's algorithm; otherwise a circle of waiting leads w times from a stage's end to its start, and its length over w is
 * a lower bound above T. From a bound below, T rises along such bounds to the least (Howard's and Newton's way to the largest mean
 * of a circle).
 *
 * @param least no period is shorter
 * @param most longest period of interest
 * @returns nothing when the period is longer than that
 */
export function staggeredTiming(fixed: FixedOrder, least: number, most = Number.POSITIVE_INFINITY): Timing | undefined {
  const rounds = new Rounds(fixed);
  for (let T = least; T <= most * (1 + TOLERANCE); T = rounds.circle()) {
    if (rounds.settle(T)) return { starts: rounds.starts, period: T };
  }
  return undefined;
}

/** Earliest starts, round by round. */
class Rounds {
  readonly starts: Float64Array;
  /** By stage. */
  readonly ends: Float64Array;
  readonly #fixed: FixedOrder;
  readonly #S: number;
  readonly #opens: Float64Array;
  /** Task at whose end each one starts, -1 where it starts as its stage opens. */
  readonly #cause: Int32Array;
  /** Last task of each stage, and the one that had it open when it does; -1 for none. */
  readonly #last: Int32Array;
  readonly #opener: Int32Array;
  #T = 0;

  constructor(fixed: FixedOrder) {
    this.#fixed = fixed;
    this.#S = fixed.graph.job.stages.length;
    this.starts = new Float64Array(fixed.sorted.length);
    this.#cause = new Int32Array(fixed.sorted.length);
    this.ends = new Float64Array(this.#S);
    this.#opens = new Float64Array(this.#S);
    this.#last = new Int32Array(this.#S);
    this.#opener = new Int32Array(this.#S);
  }

  /** The earliest starts when each stage begins no earlier than it opens. */
  run(): void {
    const { sorted, earlier, graph } = this.#fixed;
    const { durations } = graph;
    this.ends.fill(-1);
    for (const task of sorted) {
      const stage = Math.floor(task / 3) % this.#S;
      let start = this.#opens[stage]!;
      let cause = -1;
      for (let i = 3 * task; i < 3 * task + 3; i++) {
        const other = earlier[i]!;
        if (other < 0) continue;
        const end = this.starts[other]! + durations[other]!;
        if (end > start) {
          start = end;
          cause = other;
        }
      }
      // Among equals the first cause stays: circles that gain nothing would hide those that do.
      if (start > this.starts[task]! + TOLERANCE * this.#T) this.#cause[task] = cause;
      this.starts[task] = start;
      const end = start + durations[task]!;
      if (end > this.ends[stage]!) {
        this.ends[stage] = end;
        this.#last[stage] = task;
      }
    }
  }

  /** Whether the period T is long enough; then the starts are those for it. */
  settle(T: number): boolean {
    this.#T = T;
    this.starts.fill(-1);
    this.#opens.fill(0);
    this.#opener.fill(-1);
    for (let round = 0; round <= this.#S; round++) if (!this.#round()) return true;
    return false;
  }

  /** Whether a stage opens later than in the round before. */
  #round(): boolean {
    this.run();
    let isLater = false;
    for (let stage = 0; stage < this.#S; stage++) {
      const opens = this.ends[stage]! - this.#T;
      if (opens <= this.#opens[stage]! + TOLERANCE * this.#T) continue;
      this.#opens[stage] = opens;
      this.#opener[stage] = this.#last[stage]!;
      isLater = true;
    }
    return isLater;
  }

  /** After a T that was too short: length over number of turns of a circle, which is longer. */
  circle(): number {
    for (let rounds = 0; rounds <= 4 * this.#S; rounds++) {
      for (let stage = 0; stage < this.#S; stage++) {
        const mean = this.#circleFrom(stage);
        if (mean > this.#T * (1 + TOLERANCE)) return mean;
      }
      this.#round();
    }
    // Rounding alone keeps the stages going.
    return this.#T * (1 + 1e-6);
  }

  /** Mean of the circle that putting off a stage comes from; 0 when it comes from none. */
  #circleFrom(from: number): number {
    const { durations } = this.#fixed.graph;
    const lengths = new Map<number, { length: number; turns: number }>();
    let stage = from;
    let length = 0;
    for (let turns = 0; !lengths.has(stage); turns++) {
      lengths.set(stage, { length, turns });
      let task = this.#opener[stage]!;
      if (task < 0) return 0;
      for (;;) {
        length += durations[task]!;
        if (this.#cause[task]! < 0) break;
        task = this.#cause[task]!;
      }
      stage = Math.floor(task / 3) % this.#S;
    }
    const before = lengths.get(stage)!;
    return (length - before.length) / (lengths.size - before.turns);
  }
}
