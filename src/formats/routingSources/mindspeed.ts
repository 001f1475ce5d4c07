/** Expert loads of MindSpeed: `{"layer":{"expert":count,...},...}`, one document for every iteration. */
import type { RoutingStep } from "../../core/profile/routingStep.ts";
import { InputError, quoteInput } from "../../errors.ts";
import { shownValue } from "../shownValue.ts";
import { isCount, type SourceOptions } from "./source.ts";
import { StepCounts } from "./stepCounts.ts";

/** Layer, expert and tokens. */
export type ExpertCounts = readonly (readonly [layer: number, expert: number, tokens: number])[];

/** Whether a parsed value looks like such a document. */
export function isExpertCounts(value: object): boolean {
  const keys = Object.keys(value);
  return keys.length > 0 && keys.every((key) => /^\d+$/.test(key));
}

/** Checks a document. @throws InputError */
export function checkExpertCounts(value: unknown, file: string): ExpertCounts {
  const wrong = (path: string, what: string) => new InputError(`in the expert loads: ${path}${what}`, { file });
  if (!isObject(value)) throw wrong("", 'expected {"layer":{"expert":count}}');
  return Object.entries(value).flatMap(([layer, experts]) => {
    if (!isObject(experts)) throw wrong(`layer ${quoteInput(layer)}: `, 'expected {"expert":count}');
    return Object.entries(experts).map(([expert, tokens]) => {
      if (!isCount(tokens)) {
        throw wrong(
          `layer ${quoteInput(layer)}, expert ${quoteInput(expert)}: `,
          `expected a whole number of tokens, got ${shownValue(tokens)}`,
        );
      }
      return [id(layer), id(expert), tokens] as const;
    });
  });

  function id(key: string): number {
    if (/^\d{1,9}$/.test(key)) return Number(key);
    throw wrong("", `${quoteInput(key)}: expected the number of a layer or expert`);
  }
}

/** Steps of expert loads, numbered from 0. @throws InputError */
export async function* mindspeedSteps(
  documents: AsyncIterable<ExpertCounts>,
  options: SourceOptions,
): AsyncGenerator<RoutingStep> {
  const { file, byRank } = options;
  if (byRank) throw new InputError("these counts have no source ranks, but loads by rank are asked for", { file });
  const counts = new StepCounts(options);
  let iteration = 0;
  for await (const rows of documents) {
    for (const [layer, expert, tokens] of rows) counts.add(layer, 0, expert, tokens);
    if (counts.empty) throw new InputError('a document has no counts; expected {"layer":{"expert":count}}', { file });
    yield counts.take(iteration++);
  }
  counts.noticeGuess(options);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
