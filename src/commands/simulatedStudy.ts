/** The study that the options of `simulate` describe. */

import { expectedLoads, type FollowingLoads } from "../core/simulation/followingLoads.ts";
import type { Job, RunPolicy } from "../core/simulation/job.ts";
import { planSystem } from "../core/simulation/planSystem.ts";
import type { Study } from "../core/simulation/study.ts";
import {
  followsLoads,
  type SystemName,
  systemNames,
  trainingSystem,
  USUAL_SECONDS_BETWEEN_FAILURES,
} from "../core/simulation/systems.ts";
import { UsageError } from "../errors.ts";
import { intervalText, runPolicyOf } from "./checkpointOptions.ts";
import { type failureOptions, readFailures } from "./failureOptions.ts";
import type { OptionValues } from "./option.ts";
import { type jobOptions, jobParameters, readJob } from "./simulatedJob.ts";
import { givenPlan, type SimulationInput } from "./simulatedPlan.ts";

export type StudyOptions = OptionValues<typeof failureOptions> &
  OptionValues<typeof jobOptions> & { readonly systems: readonly SystemName[] };

/** A study, how it is echoed, and how often failures are to be expected. */
export interface SimulatedStudy extends Study {
  readonly parameters: Readonly<Record<string, string | number>>;
  readonly secondsBetween: number;
}

/**
 * Reads the study.
 * @param given job to take instead of the options', whose loads are at hand
 * @throws UsageError, InputError
 */
export async function simulatedStudy(
  options: StudyOptions,
  file: string | undefined,
  input: SimulationInput,
  nodes: number | undefined,
  given?: Job,
): Promise<SimulatedStudy> {
  const job = given ?? (await readJob(options, file, input, nodes));
  const source = await readFailures({ ...options, nodes }, job.hardware.gpusPerNode);
  const { parameters, membership, secondsBetweenFailures, areIndependent = false } = source;
  const expected = options["expected-mtbf"];
  const secondsBetween = expected ?? secondsBetweenFailures ?? USUAL_SECONDS_BETWEEN_FAILURES;
  // What follows from other parameters need not be repeated.
  const planned =
    options.systems.includes("resilient") && secondsBetween !== secondsBetweenFailures ? { "expected-mtbf": secondsBetween } : {};
  const names = [...(input.plan === undefined ? [] : ["plan" as const]), ...options.systems];
  const following = followingOf(options, job);
  const contestants = names.map((name) => {
    const policy = runPolicyOf(name, job, options, nodes ?? 1, expected ?? secondsBetweenFailures);
    const system =
      name === "plan"
        ? planSystem(givenPlan(input.plan!, job.hardware.gpusPerNode, !input.hasLoads), job)
        : trainingSystem(name, withInterval(job, policy), { secondsBetween, areIndependent }, following);
    return { system, policy };
  });
  const checkpoints = contestants.map(({ system, policy }) => `${system.name}=${intervalText(policy.checkpoint)}`).join();
  return {
    job,
    contestants,
    membership,
    secondsBetween,
    parameters: { ...jobParameters(options, file, job, input), ...parameters, ...planned, "checkpoint-every": checkpoints },
  };
}

/** What systems do about drift. @throws UsageError for a rule that one of them cannot go by */
function followingOf(
  { systems, trigger, forecast, "rebalance-every": reviewSteps }: StudyOptions,
  { loads }: Job,
): FollowingLoads {
  if (trigger === undefined && forecast === undefined) return { reviewSteps };
  if (!systems.some(followsLoads))
    throw new UsageError(
      `--${trigger === undefined ? "forecast" : "trigger"} is for ${systemNames.filter(followsLoads).join(", ")}; none of them is in --systems`,
    );
  if (reviewSteps === Number.POSITIVE_INFINITY)
    throw new UsageError("--rebalance-every none: nobody looks at the loads; leave --trigger and --forecast out");
  const free = systems.find((name) => name === "resilient" || name === "fewest-moves");
  if (trigger?.kind === "cv" && free !== undefined)
    throw new UsageError(`--trigger cv is for even shares, and ${free} has free ones; take ratio`);
  return { trigger, reviewSteps, expected: forecast && expectedLoads(loads, forecast, reviewSteps) };
}

/** The job as a system that counts checkpoints plans for it: with the interval that it has. */
function withInterval(job: Job, { checkpoint = job.model.faultTolerantCheckpointEvery }: RunPolicy): Job {
  return { ...job, model: { ...job.model, faultTolerantCheckpointEvery: checkpoint } };
}
