/**
 * Router traces of Megatron-Core as JSON lines: `{"step":1,"layer":0,"rank":3,"top_indices":[[5,17],...]}`, one for every
 * micro-batch, with the k experts of every token; a file a rank. Records of the routers that predict several tokens have
 * `"block":"mtp"`. Layers are numbered within a pipeline stage, by the names of its modules.
 */
import type { RoutingStep } from "../../core/profile/routingStep.ts";
import { InputError } from "../../errors.ts";
import { ID_LIMITS } from "../routing/routingColumns.ts";
import { guessedExperts } from "../routing/stepReader.ts";
import { shownValue } from "../shownValue.ts";
import { isCount, noticePadding, PADDING, type SourceOptions } from "./source.ts";
import { StepWindow } from "./stepWindow.ts";

/** One record. */
export interface RouterRecord {
  readonly step: number;
  readonly layer: number;
  readonly rank: number | undefined;
  /** `decoder`, or the block whose layers have numbers of their own; nothing in traces of before there were several. */
  readonly block: string | undefined;
  /** Shape [tokens][k]. */
  readonly top_indices: readonly (readonly number[])[];
}

const DECODER = "decoder";

/** Rank of a trace file by its name; nothing for other files. */
export function rankOfTrace(name: string): number | undefined {
  const rank = /^router_trace_rank(\d{1,7})\.jsonl(?:\.gz)?$/.exec(name)?.[1];
  return rank === undefined ? undefined : Number(rank);
}

/** Whether a parsed value looks like such a record. */
export function isRouterRecord(value: object): boolean {
  return "top_indices" in value;
}

/** Checks a record. @throws InputError */
export function checkRouterRecord(value: unknown, file: string): RouterRecord {
  const wrong = (what: string) => new InputError(`in the router trace: ${what}`, { file });
  if (typeof value !== "object" || value === null) throw wrong('expected {"step","layer","rank","top_indices"}');
  const { step, layer, rank, block, mtp_idx: mtp, top_indices: indices } = value as Record<string, unknown>;
  if (!isCount(step)) throw wrong("step: expected a whole number");
  if (!isCount(layer) || layer >= ID_LIMITS.layer) throw wrong(`layer: expected a whole number below ${ID_LIMITS.layer}`);
  if (rank !== undefined && (!isCount(rank) || rank >= ID_LIMITS.rank))
    throw wrong(`rank: expected a whole number below ${ID_LIMITS.rank}`);
  if (block !== undefined && typeof block !== "string") throw wrong('block: expected a name such as "decoder"');
  if (!Array.isArray(indices)) throw wrong("top_indices: expected a list of the experts of every token, [[5,17],...]");
  for (const [token, experts] of indices.entries()) {
    if (!Array.isArray(experts)) throw wrong(`top_indices[${token}]: expected a list of expert ids`);
    const odd = experts.findIndex((id) => id !== PADDING && (!isCount(id) || id >= ID_LIMITS.expert));
    if (odd >= 0) {
      throw wrong(
        `top_indices[${token}][${odd}]: ${shownValue(experts[odd])}; expected expert ids, whole numbers below ${ID_LIMITS.expert}, or -1 for padding`,
      );
    }
  }
  return { step, layer, rank, block: block ?? (mtp === undefined ? undefined : "mtp"), top_indices: indices };
}

/**
 * Steps of a router trace, the ranks of a step added up.
 * @throws InputError when steps come too late, ranks are asked for and missing, or ranks number other layers
 */
export async function* megatronSteps(records: AsyncIterable<RouterRecord>, options: SourceOptions): AsyncGenerator<RoutingStep> {
  const { file, byRank } = options;
  const steps = new StepWindow(options, "name the folder of the trace, which is read step by step, or sort the lines by step");
  const layersOf = new Map<number, Set<number>>();
  const leftOut = new Map<string, number>();
  let padding = 0;
  let largest = -1;
  let byStage = false;
  for await (const { step, layer, rank, block, top_indices } of records) {
    if (block !== undefined && block !== DECODER) {
      leftOut.set(block, (leftOut.get(block) ?? 0) + 1);
      continue;
    }
    if (byRank && rank === undefined) throw new InputError('a record has no "rank", but loads by rank are asked for', { file });
    yield* steps.before(step);
    const counts = steps.countsOf(step);
    counts.open(layer);
    byStage ||= block !== undefined;
    layersOf.set(rank ?? 0, (layersOf.get(rank ?? 0) ?? new Set()).add(layer));
    for (const experts of top_indices) {
      for (const expert of experts) {
        if (expert === PADDING) {
          padding++;
          continue;
        }
        counts.add(layer, rank ?? 0, expert, 1);
        largest = Math.max(largest, expert);
      }
    }
  }
  for (const [block, count] of leftOut) {
    options.notice?.(
      `${count} record${count === 1 ? "" : "s"} of ${block} routers left out, whose layers have numbers of their own`,
    );
  }
  noticePadding(padding, options);
  checkStages(layersOf, byStage, options);
  if (options.experts === undefined && largest >= 0) options.notice?.(guessedExperts(largest + 1));
  yield* steps.rest();
}

/**
 * What the ranks' layers say about pipeline stages, which number their layers alike.
 * @throws InputError when ranks have some layers in common, but not all: then equal numbers mean different layers
 */
function checkStages(
  layersOf: ReadonlyMap<number, ReadonlySet<number>>,
  byStage: boolean,
  { file, notice }: SourceOptions,
): void {
  const ranks = [...layersOf].sort(([a], [b]) => a - b);
  const [first, ...others] = ranks;
  if (first === undefined) return;
  if (others.length === 0) {
    if (/router_trace_rank/.test(file))
      notice?.(`these are the tokens of rank ${first[0]} alone; name the trace's folder for all ranks`);
    return;
  }
  if (!byStage) return;
  let shared = false;
  for (const [i, [rank, layers]] of ranks.entries()) {
    for (const [other, theirs] of ranks.slice(i + 1)) {
      const common = [...layers].filter((layer) => theirs.has(layer)).length;
      shared ||= common > 0;
      if (common > 0 && (common < layers.size || common < theirs.size)) {
        throw new InputError(
          `ranks ${rank} and ${other} record layers ${[...layers].join(",")} and ${[...theirs].join(",")}: these are pipeline stages, which number their layers alike; keep the ranks of one stage in a folder and read each by itself`,
          { file },
        );
      }
    }
    if (ranks.length > 64) break; // All pairs of many ranks take long; the first rank against the others tells stages apart as well.
  }
  if (shared) {
    notice?.(
      `the tokens of ${ranks.length} ranks are added up; with pipeline parallelism, whose stages number their layers alike, keep the ranks of one stage in a folder`,
    );
  }
}
