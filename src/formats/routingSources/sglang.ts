/**
 * Counts of SGLang's expert distribution recorder: `{"logical_count":[layers][experts]}`, as --init-expert-location takes
 * it, or [steps][layers][experts]; and `{"global_physical_count":[layers][slots]}` of its per-pass records, which need to be
 * told which expert a slot holds. Several documents follow each other in time. Layers are the model's hidden layers.
 */
import type { RoutingStep } from "../../core/profile/routingStep.ts";
import { InputError } from "../../errors.ts";
import { shownValue } from "../shownValue.ts";
import { isCount, logicalExperts, type PhysicalToLogical, type SourceOptions, saidAboutIds } from "./source.ts";
import { StepCounts } from "./stepCounts.ts";

const LOGICAL = "logical_count";
const PHYSICAL = "global_physical_count";

/** Counts of one document. */
export interface RecordedCounts {
  readonly physical: boolean;
  /** Shape [steps][layers][experts or slots]. */
  readonly steps: readonly (readonly (readonly number[])[])[];
}

/** Whether a parsed value looks like such a document. */
export function isRecordedCounts(value: object): boolean {
  return LOGICAL in value || PHYSICAL in value;
}

/** Checks a document. @throws InputError */
export function checkRecordedCounts(value: unknown, file: string): RecordedCounts {
  const fields = (typeof value === "object" && value !== null ? value : {}) as Record<string, unknown>;
  const physical = !(LOGICAL in fields);
  const key = physical ? PHYSICAL : LOGICAL;
  const wrong = (path: string, what: string) => new InputError(`${key}${path}: ${what}`, { file });
  const table = fields[key];
  if (!Array.isArray(table) || !Array.isArray(table[0]))
    throw wrong("", "expected [layers][experts] or [steps][layers][experts]");
  const steps = Array.isArray(table[0][0]) ? table : [table];
  for (const [s, layers] of steps.entries()) {
    if (!Array.isArray(layers)) throw wrong(`[${s}]`, "expected a list of layers");
    for (const [l, counts] of layers.entries()) {
      const path = steps === table ? `[${s}][${l}]` : `[${l}]`;
      if (!Array.isArray(counts) || counts.length !== steps[0][0].length) {
        throw wrong(path, `expected ${steps[0][0].length} counts as in the first layer`);
      }
      const odd = counts.findIndex((count) => !isCount(count));
      if (odd >= 0) throw wrong(`${path}[${odd}]`, `expected a whole number of tokens, got ${shownValue(counts[odd])}`);
    }
  }
  return { physical, steps };
}

/** Steps of recorded counts, numbered from 0. @throws InputError */
export async function* sglangSteps(
  documents: AsyncIterable<RecordedCounts>,
  options: SourceOptions,
): AsyncGenerator<RoutingStep> {
  const { file, byRank } = options;
  if (byRank) throw new InputError("these counts have no source ranks, but loads by rank are asked for", { file });
  let iteration = 0;
  for await (const { physical, steps } of documents) {
    if (!physical && options.physicalToLogical !== undefined) {
      throw new InputError(`${LOGICAL} counts logical experts already; leave out --physical-to-logical`, { file });
    }
    const ids: PhysicalToLogical = physical ? saidAboutIds(options, `${PHYSICAL} counts tokens of physical slots`) : "identity";
    for (const layers of steps) {
      const counts = new StepCounts(options, physical ? 0 : layers[0]?.length);
      for (const [layer, tokens] of layers.entries()) {
        counts.open(layer);
        const experts = logicalExperts(ids, layer, tokens.length, file);
        tokens.forEach((count, slot) => {
          counts.add(layer, 0, experts?.[slot] ?? slot, count);
        });
      }
      yield counts.take(iteration++);
    }
  }
}
