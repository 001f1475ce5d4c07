/** How large an expert is that moves: said, worked out of a model, or assumed. */
import { modelSize } from "../core/cost/modelSize.ts";
import type { ModelSpec } from "../core/cost/modelSpec.ts";
import { UsageError } from "../errors.ts";
import { modelPresetNames } from "../formats/presets/index.ts";
import { parseBytes } from "../formats/units.ts";
import { readModel } from "./namedSpecs.ts";
import { type OptionValues, option } from "./option.ts";

/** An expert of GPT-L, the paper's largest model. */
const ASSUMED_BYTES = 112 * 2 ** 20;

export const expertSizeOptions = {
  model: option({
    words: modelPresetNames,
    argument: "NAME|FILE",
    parse: (text) => text,
    says: `What is trained: ${modelPresetNames.join(", ")}, or a JSON file like theirs; an expert's weights and optimiser state have the size that it says.`,
  }),
  "expert-bytes": option({
    argument: "SIZE",
    parse: atLeastOneByte,
    says: "Size of an expert's weights and optimiser state, instead of --model. Without either, 112MiB, those of gpt-l, are assumed, with a word.",
  }),
};

/** Size of an expert. */
export interface ExpertSize {
  readonly bytes: number;
  /** What was assumed, for people; nothing when somebody said it. */
  readonly assumed?: string;
}

/** @throws UsageError when it is said twice; InputError, IoError */
export async function readExpertSize(options: OptionValues<typeof expertSizeOptions>): Promise<ExpertSize> {
  const { model, "expert-bytes": bytes } = options;
  if (model !== undefined && bytes !== undefined)
    throw new UsageError("--model and --expert-bytes both say how large an expert is; give one of them");
  return sizeOfExpert(bytes, model === undefined ? undefined : await readModel(model));
}

/** An expert's size as it was said, the model's, or what is assumed. */
export function sizeOfExpert(bytes: number | undefined, model: ModelSpec | undefined): ExpertSize {
  if (bytes !== undefined) return { bytes };
  if (model === undefined) {
    const assumed =
      "an expert is taken to have 112 MiB, as gpt-l's do with their optimiser state; --model or --expert-bytes says so";
    return { bytes: ASSUMED_BYTES, assumed };
  }
  return { bytes: modelSize(model).expert * model.stateBytesPerParameter };
}

/** A size that is not nothing. @throws Error */
export function atLeastOneByte(text: string): number {
  const bytes = Math.round(parseBytes(text));
  if (bytes < 1) throw new Error("expected a size of at least one byte");
  return bytes;
}
