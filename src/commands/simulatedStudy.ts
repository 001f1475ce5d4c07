/** The study that the options of `simulate` describe. */

import type { Job, RunPolicy } from "../core/simulation/job.ts";
import { planSystem } from "../core/simulation/planSystem.ts";
import type { Study } from "../core/simulation/study.ts";
import { type SystemName, trainingSystem, USUAL_SECONDS_BETWEEN_FAILURES } from "../core/simulation/systems.ts";
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
  const contestants = names.map((name) => {
    const policy = runPolicyOf(name, job, options, nodes ?? 1, expected ?? secondsBetweenFailures);
    const system =
      name === "plan"
        ? planSystem(givenPlan(input.plan!, job.hardware.gpusPerNode, !input.hasLoads), job)
        : trainingSystem(name, withInterval(job, policy), { secondsBetween, areIndependent });
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

/** The job as a system that counts checkpoints plans for it: with the interval that it has. */
function withInterval(job: Job, { checkpoint = job.model.faultTolerantCheckpointEvery }: RunPolicy): Job {
  return { ...job, model: { ...job.model, faultTolerantCheckpointEvery: checkpoint } };
}
