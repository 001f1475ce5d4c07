/** Systems side by side on one setting of the paper. */
import type { Job, RunPolicy } from "../../core/simulation/job.ts";
import type { RunResult } from "../../core/simulation/runRecord.ts";
import { type Study, simulateTrial } from "../../core/simulation/study.ts";
import { totalSeconds } from "../../core/simulation/summary.ts";
import { type SystemName, trainingSystem } from "../../core/simulation/systems.ts";
import type { TimelineRow } from "../../core/simulation/timeline.ts";
import { mean } from "./mean.ts";

/** A setting: one job, one way to draw failures, and what each system does beside training. */
export interface Setting {
  readonly job: Job;
  readonly membership: Study["membership"];
  readonly policies: ReadonlyMap<SystemName, RunPolicy>;
  readonly trials: number;
  /** Seconds between two failures of single nodes that `resilient` plans for; otherwise what it does where nothing is known. */
  readonly secondsBetweenFailures?: number;
}

/** Every system on one setting of a figure. */
export interface Contest {
  readonly figure: string;
  /** What is trained, and whatever else tells this setting from others of the figure. */
  readonly what: string;
  readonly outcomes: ReadonlyMap<SystemName, Outcome>;
}

/** What a system reached, over all trials. */
export interface Outcome {
  readonly runs: readonly RunResult[];
  readonly samples: number;
  readonly steps: number;
  /** How long the job took. */
  readonly seconds: number;
  /** History of the first trial. */
  readonly timeline: readonly TimelineRow[];
}

/** Runs all trials of all systems. */
export function contest({ job, membership, policies, trials, secondsBetweenFailures }: Setting): Map<SystemName, Outcome> {
  const names = [...policies.keys()];
  const contestants = names.map((name) => ({
    system: trainingSystem(
      name,
      job,
      secondsBetweenFailures === undefined ? undefined : { secondsBetween: secondsBetweenFailures, areIndependent: true },
    ),
    policy: policies.get(name)!,
  }));
  const study: Study = { job, membership, contestants };
  const timeline: TimelineRow[] = [];
  const results = Array.from({ length: trials }, (_, seed) =>
    simulateTrial(study, seed, seed === 0 ? (row) => timeline.push(row) : undefined),
  );
  return new Map(
    names.map((name, i) => {
      const runs = results.map((trial) => trial[i]!);
      return [
        name,
        {
          runs,
          samples: mean(runs.map((run) => run.samples)),
          steps: mean(runs.map((run) => run.steps)),
          seconds: mean(runs.map(totalSeconds)),
          timeline: timeline.filter(({ system }) => system === name),
        },
      ];
    }),
  );
}

/** Samples of one system over those of another. */
export function samplesOver(outcomes: ReadonlyMap<SystemName, Outcome>, one: SystemName, other: SystemName): number {
  return outcomes.get(one)!.samples / outcomes.get(other)!.samples;
}
