/** The model that a placement is for: what place knows from its name. */
import type { ModelSpec } from "../core/cost/modelSpec.ts";
import { readModel } from "./namedSpecs.ts";
import type { OptionValues } from "./option.ts";
import type { numberingOptions } from "./planOptions.ts";
import { readTraining, type Training, type trainingOptions } from "./trainingOptions.ts";
import { warn } from "./warn.ts";

/** What the plan is for: a model, and what a step of it takes where the hardware is known. */
export interface PlannedFor {
  readonly model: ModelSpec | undefined;
  readonly training: Training | undefined;
}

/** The model may be named alone: its layers, experts and their size are known then. */
export async function readJob(options: OptionValues<typeof trainingOptions>): Promise<PlannedFor> {
  if (options.hardware === undefined && options.model !== undefined) {
    return { model: await readModel(options.model), training: await readTraining({ ...options, model: undefined }) };
  }
  const training = await readTraining(options);
  return { model: training?.model, training };
}

/** Says where the loads are not that model's. */
export function warnOfOtherModel(model: ModelSpec, layers: number, experts: number): void {
  if (layers !== model.layers)
    warn(`the profile has ${layers} layers, ${model.name} has ${model.layers} MoE layers; figures are for ${layers}`);
  if (experts !== model.experts) warn(`the profile has ${experts} experts, ${model.name} has ${model.experts}`);
}

/** Dense layers are the model's where nothing else is said. */
export function withModelsLayers<Options extends OptionValues<typeof numberingOptions>>(
  options: Options,
  model: ModelSpec | undefined,
): Options {
  if (model === undefined || model.architecture === "gpt" || options["moe-layers"] !== undefined) return options;
  return { ...options, "num-dense-layers": options["num-dense-layers"] ?? model.denseLayers };
}
