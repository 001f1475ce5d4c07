/** Routing records that other systems write as JSON. */
import type { RoutingStep } from "../core/profile/routingStep.ts";
import { checkRouterRecord, isRouterRecord, megatronSteps } from "../formats/routingSources/megatron.ts";
import { checkExpertCounts, isExpertCounts, mindspeedSteps } from "../formats/routingSources/mindspeed.ts";
import { checkRecordedCounts, isRecordedCounts, sglangSteps } from "../formats/routingSources/sglang.ts";
import type { SourceOptions } from "../formats/routingSources/source.ts";

const jsonReaders = {
  megatron: { matches: isRouterRecord, check: checkRouterRecord, steps: megatronSteps },
  sglang: { matches: isRecordedCounts, check: checkRecordedCounts, steps: sglangSteps },
  mindspeed: { matches: isExpertCounts, check: checkExpertCounts, steps: mindspeedSteps },
} as const;

/** Kinds of records that are JSON. */
export type JsonSource = keyof typeof jsonReaders;

/** Whether a kind of records is JSON. */
export function isJsonSource(kind: string | undefined): kind is JsonSource {
  return kind !== undefined && Object.hasOwn(jsonReaders, kind);
}

/** The kind of records that a parsed value is; nothing when it is none. */
export function jsonSourceOf(value: unknown): JsonSource | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  return (Object.keys(jsonReaders) as JsonSource[]).find((kind) => jsonReaders[kind].matches(value));
}

/** Checks a document of a kind. @throws InputError */
export function checkRecord(kind: JsonSource, value: unknown, file: string): unknown {
  return jsonReaders[kind].check(value, file);
}

/**
 * Steps of records in JSON.
 * @param records documents that `checkRecord` has checked
 * @throws InputError
 */
export function jsonSteps(
  kind: JsonSource,
  records: AsyncIterable<unknown>,
  options: SourceOptions,
): AsyncGenerator<RoutingStep> {
  const steps = jsonReaders[kind].steps as (
    records: AsyncIterable<unknown>,
    options: SourceOptions,
  ) => AsyncGenerator<RoutingStep>;
  return steps(records, options);
}
