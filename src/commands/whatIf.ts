/** What other machines would do to a simulated job, on the same failures. */
import type { HardwareSpec } from "../core/cost/hardwareSpec.ts";
import { simulateTrial } from "../core/simulation/study.ts";
import type { SimulationDocument } from "../formats/documents/simulation.ts";
import type { SimulationInput } from "./simulatedPlan.ts";
import { type SimulatedStudy, type StudyOptions, simulatedStudy } from "./simulatedStudy.ts";

/** A change, and the study with it. */
export interface ChangedStudy {
  readonly change: string;
  readonly changed: SimulatedStudy;
}

/** The studies of --what-if, for a study whose loads are at hand. */
export async function whatIfStudies(
  options: StudyOptions,
  file: string | undefined,
  input: SimulationInput,
  nodes: number | undefined,
  { job }: SimulatedStudy,
): Promise<ChangedStudy[]> {
  const { spares = 0 } = options;
  const study = (changed: StudyOptions, other = job) => simulatedStudy(changed, file, input, nodes, other);
  const slotsPerNode = job.model.slotsPerNode + job.hardware.gpusPerNode;
  return [
    ...(options.mtbf === undefined
      ? []
      : [{ change: "one spare more", changed: await study({ ...options, spares: spares + 1 }) }]),
    { change: "a store twice as fast", changed: await study(options, { ...job, hardware: withFasterStore(job.hardware) }) },
    ...(input.plan === undefined
      ? [{ change: "a slot more on every GPU", changed: await study(options, { ...job, model: { ...job.model, slotsPerNode } }) }]
      : []),
  ];
}

/** Rates of one trial with a change. */
export function outcomeOf(
  change: string,
  study: SimulatedStudy,
  seed: number,
): NonNullable<SimulationDocument["whatIf"]>[number] {
  const runs = simulateTrial(study, seed).map(({ system, samplesPerSecond }) => ({ system, samplesPerSecond }));
  return { change, runs };
}

/** Where the store's rate is not known, its time is part of the fixed one. */
function withFasterStore(hardware: HardwareSpec): HardwareSpec {
  const { recovery } = hardware;
  const { storeBytesPerSecond: all, storeBytesPerSecondPerNode: each, checkpointSeconds } = recovery;
  const faster =
    all === undefined && each === undefined
      ? { checkpointSeconds: checkpointSeconds / 2 }
      : {
          ...(all === undefined ? {} : { storeBytesPerSecond: 2 * all }),
          ...(each === undefined ? {} : { storeBytesPerSecondPerNode: 2 * each }),
        };
  return { ...hardware, recovery: { ...recovery, ...faster } };
}
