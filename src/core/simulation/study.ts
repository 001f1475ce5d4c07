/** Several systems on the same drawn traces, trial after trial. */
import { type RandomSource, randomSource } from "../random.ts";
import type { Job, RunPolicy } from "./job.ts";
import type { Membership } from "./membership.ts";
import type { RunResult } from "./runRecord.ts";
import { simulateRun } from "./simulateRun.ts";
import type { TimelineRow } from "./timeline.ts";
import type { TrainingSystem } from "./trainingSystem.ts";

/** What is compared on what. */
export interface Study {
  readonly job: Job;
  readonly contestants: readonly { readonly system: TrainingSystem; readonly policy: RunPolicy }[];
  /** Draws a membership; it is asked for anew for every system, with the same random numbers. */
  readonly membership: (random: RandomSource) => Membership;
  readonly seed: number;
}

/**
 * One trial of a study: every system on the same membership.
 * @param trial from 0; it and the seed decide everything that is drawn
 * @returns one result a system, in the order of the contestants
 */
export function simulateTrial(study: Study, trial: number, onTimeline?: (row: TimelineRow) => void): RunResult[] {
  return study.contestants.map(({ system, policy }) =>
    simulateRun({ system, policy, job: study.job, membership: study.membership(trialRandom(study.seed, trial)), onTimeline }),
  );
}

/** Random numbers of a trial, unrelated to those of its neighbours. */
function trialRandom(seed: number, trial: number): RandomSource {
  return randomSource(scrambled(scrambled(seed) + trial));
}

/** Spreads the bits of a whole number over 32 bits; neighbours end up far apart. */
function scrambled(value: number): number {
  let bits = (value + 0x9e3779b9) | 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x21f0aaad);
  bits = Math.imul(bits ^ (bits >>> 15), 0x735a2d97);
  return bits ^ (bits >>> 15);
}
