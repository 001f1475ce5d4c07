/** The sizes that bench takes: tokens=512,hidden=128, or mixtral/8. */
import { modelPresetNames } from "./presets/index.ts";
import { parseCount, UnitError } from "./units.ts";

/** Sizes of what the kernels compute on. */
export interface BenchSizes {
  readonly tokens: number;
  readonly hidden: number;
  readonly feedforward: number;
  readonly experts: number;
  readonly topk: number;
  readonly nodes: number;
  readonly sets: number;
  readonly samples: number;
}

/** What is typed: some sizes, and a model whose hidden and feedforward, divided, are the others. */
export interface TypedSizes {
  readonly counts: Partial<BenchSizes>;
  /** A preset's name, and by what it is divided. */
  readonly share?: { readonly model: string; readonly by: number };
}

/** Sizes where neither the user nor a model or plan says otherwise: a second or two for plain JavaScript. */
export const defaultSizes: BenchSizes = {
  tokens: 256,
  hidden: 64,
  feedforward: 256,
  experts: 8,
  topk: 2,
  nodes: 48,
  sets: 64,
  samples: 1024,
};

/** The same on a GPU: enough for it to compute for a while, and seconds for plain JavaScript. */
export const gpuSizes: BenchSizes = { ...defaultSizes, tokens: 512, hidden: 256, feedforward: 1024, samples: 4096 };

const sizeNames = Object.keys(defaultSizes) as (keyof BenchSizes)[];
const count = parseCount(1, (1 << 24) - 1);

/** Parses some of the sizes. */
export function parseBenchSizes(text: string): TypedSizes {
  const counts: Partial<Record<keyof BenchSizes, number>> = {};
  let share: TypedSizes["share"];
  for (const part of text.split(",").map((each) => each.trim())) {
    if (/^[^=]+\/[^=]*$/.test(part)) {
      if (share !== undefined) throw new UnitError("expected one model, such as mixtral/8");
      share = parseShare(part);
      continue;
    }
    const [name, value] = parseSize(part);
    if (name in counts) throw new UnitError("expected each name once");
    counts[name] = value;
  }
  return { counts, ...(share === undefined ? {} : { share }) };
}

/** Parses sizes to go through: tokens=64,256,1024. */
export function parseScaling(text: string): { readonly name: keyof BenchSizes; readonly values: readonly number[] } {
  const [first = "", ...rest] = text.split(",").map((each) => each.trim());
  const [name, value] = parseSize(first);
  const values = [...new Set([value, ...rest.map(count)])].sort((a, b) => a - b);
  if (values.length < 2) throw new UnitError("expected a name and several counts such as tokens=64,256,1024");
  return { name, values };
}

function parseSize(part: string): [keyof BenchSizes, number] {
  const [typed = "", value = "", ...rest] = part.split("=");
  const name = sizeNames.find((known) => known === typed);
  if (name === undefined || rest.length > 0) {
    throw new UnitError(
      `expected NAME=COUNT between commas, with names of ${sizeNames.join(", ")}, or MODEL/N such as mixtral/8`,
    );
  }
  return [name, count(value)];
}

/** A model is a preset; the first that begins so is taken, as mixtral-8x7b for mixtral. */
function parseShare(part: string): NonNullable<TypedSizes["share"]> {
  const [typed = "", by = ""] = part.split("/");
  const model = modelPresetNames.includes(typed) ? typed : modelPresetNames.find((name) => name.startsWith(`${typed}-`));
  if (model === undefined) throw new UnitError(`expected a model before the slash: ${modelPresetNames.join(", ")}`);
  return { model, by: count(by) };
}
