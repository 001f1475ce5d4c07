/** The sizes that bench takes: tokens=512,hidden=128. */
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

/** Parses some of the sizes. */
export function parseBenchSizes(text: string): Partial<BenchSizes> {
  const names = Object.keys(defaultSizes);
  const entries = text.split(",").map((part) => {
    const [name = "", value = "", ...rest] = part.trim().split("=");
    if (!names.includes(name) || rest.length > 0) {
      throw new UnitError(`expected NAME=COUNT between commas, with names of ${names.join(", ")}`);
    }
    return [name, parseCount(1, (1 << 24) - 1)(value)] as const;
  });
  if (new Set(entries.map(([name]) => name)).size < entries.length) throw new UnitError("expected each name once");
  return Object.fromEntries(entries);
}
