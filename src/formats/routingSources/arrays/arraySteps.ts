/** Loads in arrays alone: [experts], [layers][experts] or [steps][layers][experts], steps and layers numbered from 0. */
import type { RoutingStep } from "../../../core/profile/routingStep.ts";
import { InputError } from "../../../errors.ts";
import type { SourceOptions } from "../source.ts";
import { countSlots, StepCounts } from "../stepCounts.ts";
import { type NumberArray, stepsOfArray } from "./numberArray.ts";

/** Steps of arrays, one after the other. @throws InputError */
export async function* arraySteps(arrays: AsyncIterable<NumberArray>, options: SourceOptions): AsyncGenerator<RoutingStep> {
  const { file, byRank, physicalToLogical = "identity" } = options;
  if (byRank)
    throw new InputError("an array has no source ranks, but loads by rank are asked for: use a log with ranks", { file });
  let iteration = 0;
  for await (const array of arrays) {
    for (const layers of stepsOfArray(array, file)) {
      const counts = new StepCounts(options, physicalToLogical === "identity" ? layers[0]?.length : 0);
      countSlots(counts, layers, physicalToLogical, file);
      yield counts.take(iteration++);
    }
  }
}
