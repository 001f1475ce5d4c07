/** Several systems on the same drawn membership. */
import { type RandomSource, randomSource } from "../algorithms/random.ts";
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
}

/**
 * One trial of a study: every system on the same membership.
 * @param seed decides everything that is drawn
 * @returns one result a system, in the order of the contestants
 */
export function simulateTrial(study: Study, seed: number, onTimeline?: (row: TimelineRow) => void): RunResult[] {
  return study.contestants.map(({ system, policy }) =>
    simulateRun({ system, policy, job: study.job, membership: study.membership(randomSource(seed)), onTimeline }),
  );
}
