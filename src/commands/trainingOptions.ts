/** The job that placements are for: what a step of it takes, and how often failures stop it. */

import type { ModelSpec } from "../core/cost/modelSpec.ts";
import { type TrainingCosts, trainingCosts } from "../core/cost/trainingCosts.ts";
import type { ClusterNode } from "../core/layout/cluster.ts";
import { UsageError } from "../errors.ts";
import { hardwarePresetNames, modelPresetNames } from "../formats/presets/index.ts";
import { parseCount, parseSeconds } from "../formats/units.ts";
import { readHardware, readModel } from "./namedSpecs.ts";
import { type OptionValues, option } from "./option.ts";
import { namingRefusals } from "./refusals.ts";

export const trainingOptions = {
  model: option({
    words: modelPresetNames,
    argument: "NAME|FILE",
    parse: (text) => text,
    says: `What is trained: ${modelPresetNames.join(", ")}, or a JSON file like theirs. With --hardware, the document says how long a step takes.`,
  }),
  hardware: option({
    words: hardwarePresetNames,
    argument: "NAME|FILE",
    parse: (text) => text,
    says: `On what: ${hardwarePresetNames.join(", ")}, or a JSON file like theirs.`,
  }),
  "gradient-accumulation": option({
    argument: "STEPS",
    parse: parseCount(1),
    says: "Steps between two synchronisations of the gradients; otherwise as the model says.",
  }),
  mtbf: option({
    argument: "TIME",
    parse: parseSeconds,
    says: "Time between two failures of the job, such as 5m, 40m or 1d. With --model and --hardware, the document says how many useful samples a second are to be expected.",
  }),
};

/** A job on some cluster. */
export interface Training {
  readonly model: ModelSpec;
  /** Its figures on a cluster. @throws UsageError when the hardware has other nodes */
  costsOn(cluster: readonly ClusterNode[]): TrainingCosts;
}

/**
 * The job that the options describe; nothing when they name none.
 * @throws UsageError, InputError, IoError
 */
export async function readTraining(options: OptionValues<typeof trainingOptions>): Promise<Training | undefined> {
  const { mtbf, "gradient-accumulation": accumulation } = options;
  if (options.model === undefined || options.hardware === undefined) {
    const given = ["model", "hardware", "mtbf", "gradient-accumulation"] as const;
    const alone = given.find((name) => options[name] !== undefined);
    // A name that nobody knows is the first thing to say.
    if (options.model !== undefined) await readModel(options.model);
    if (options.hardware !== undefined) await readHardware(options.hardware);
    if (alone !== undefined) throw new UsageError(`--${alone}: step time needs --model and --hardware, both of them`);
    return undefined;
  }
  if (mtbf === 0) throw new UsageError("--mtbf 0: expected some time between two failures");
  const [model, hardware] = await Promise.all([readModel(options.model), readHardware(options.hardware)]);
  return {
    model,
    costsOn: (cluster) => {
      const other = cluster.find(({ gpus }) => gpus !== hardware.gpusPerNode);
      if (other !== undefined) {
        throw new UsageError(
          `node ${other.name} has ${other.gpus} GPUs, nodes of ${hardware.name} have ${hardware.gpusPerNode}: place with --gpus ${hardware.gpusPerNode}, or pass hardware with gpusPerNode ${other.gpus}`,
        );
      }
      const job = { model, hardware, gradientAccumulation: accumulation ?? model.gradientAccumulation ?? 1 };
      return namingRefusals(
        () => trainingCosts(job, cluster.length, mtbf),
        ({ message }) => new UsageError(`--hardware: ${message}`),
      );
    },
  };
}
