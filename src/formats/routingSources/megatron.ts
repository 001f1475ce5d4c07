/**
 * Router traces of Megatron-Core as JSON lines: `{"step":1,"layer":0,"rank":3,"top_indices":[[5,17],...]}`, one for every
 * micro-batch, with the k experts of every token.
 */
import type { RoutingStep } from "../../core/profile/routingStep.ts";
import { InputError } from "../../errors.ts";
import { ID_LIMITS } from "../routing/routingColumns.ts";
import { isCount, type SourceOptions } from "./source.ts";
import { StepCounts } from "./stepCounts.ts";

/** One record. */
export interface RouterRecord {
  readonly step: number;
  readonly layer: number;
  readonly rank: number | undefined;
  /** Shape [tokens][k]. */
  readonly top_indices: readonly (readonly number[])[];
}

/** Whether a parsed value looks like such a record. */
export function isRouterRecord(value: object): boolean {
  return "top_indices" in value;
}

/** Checks a record. @throws InputError */
export function checkRouterRecord(value: unknown, file: string): RouterRecord {
  const wrong = (what: string) => new InputError(`in the router trace: ${what}`, { file });
  if (typeof value !== "object" || value === null) throw wrong('expected {"step","layer","rank","top_indices"}');
  const { step, layer, rank, top_indices: indices } = value as Record<string, unknown>;
  if (!isCount(step)) throw wrong("step: expected a whole number");
  if (!isCount(layer) || layer >= ID_LIMITS.layer) throw wrong(`layer: expected a whole number below ${ID_LIMITS.layer}`);
  if (rank !== undefined && (!isCount(rank) || rank >= ID_LIMITS.rank))
    throw wrong(`rank: expected a whole number below ${ID_LIMITS.rank}`);
  if (!Array.isArray(indices)) throw wrong("top_indices: expected a list of the experts of every token, [[5,17],...]");
  for (const [token, experts] of indices.entries()) {
    if (!Array.isArray(experts) || !experts.every((id) => isCount(id) && id < ID_LIMITS.expert)) {
      throw wrong(`top_indices[${token}]: expected a list of expert ids, whole numbers below ${ID_LIMITS.expert}`);
    }
  }
  return { step, layer, rank, top_indices: indices };
}

/**
 * Steps of a router trace.
 * @throws InputError when steps fall, or ranks are asked for and missing
 */
export async function* megatronSteps(
  records: AsyncIterable<RouterRecord>,
  { file, byRank }: SourceOptions,
): AsyncGenerator<RoutingStep> {
  const counts = new StepCounts({ file, byRank });
  let current = -1;
  for await (const { step, layer, rank, top_indices } of records) {
    if (step < current) {
      throw new InputError(`step ${step} comes after step ${current}; expected steps that never fall: sort the lines by step`, {
        file,
      });
    }
    if (byRank && rank === undefined) throw new InputError('a record has no "rank", but loads by rank are asked for', { file });
    if (step !== current && !counts.empty) yield counts.take(current);
    current = step;
    counts.open(layer);
    for (const experts of top_indices) for (const expert of experts) counts.add(layer, rank ?? 0, expert, 1);
  }
  if (!counts.empty) yield counts.take(current);
}
