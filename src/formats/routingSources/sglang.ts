/**
 * Counts of SGLang's expert distribution recorder: `{"logical_count":[layers][experts]}`, as --init-expert-location takes
 * it, or [steps][layers][experts]; and `{"global_physical_count":[layers][slots]}` of its per-pass records, which need to be
 * told which expert a slot holds. Several documents follow each other in time. Layers are the model's hidden layers.
 */
import type { RoutingStep } from "../../core/profile/routingStep.ts";
import { InputError } from "../../errors.ts";
import { shownValue } from "../shownValue.ts";
import { isCount, type PhysicalToLogical, type SourceOptions, saidAboutIds } from "./source.ts";
import { countSlots, StepCounts } from "./stepCounts.ts";
import { StepWindow } from "./stepWindow.ts";

/** Key of counts by expert. */
export const LOGICAL = "logical_count";
/** Key of counts by slot. */
export const PHYSICAL = "global_physical_count";

/** The gatherer of the model itself; a draft model and the halves of overlapped batches have others. */
const PRIMARY = "primary";

/** Counts of one document. */
export interface RecordedCounts {
  readonly physical: boolean;
  /** Forward pass and rank of a per-pass record. */
  readonly pass: number | undefined;
  readonly rank: number;
  /** Who gathered the counts. */
  readonly gatherer: string;
  /** Which expert each slot holds, where the records say it themselves. */
  readonly map?: PhysicalToLogical | undefined;
  /** Shape [steps][layers][experts or slots]. */
  readonly steps: Iterable<readonly ArrayLike<number>[]>;
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
  return { ...recordedAbout(fields, file), physical, steps };
}

/** What a record says beside its counts. @throws InputError */
export function recordedAbout(
  fields: Readonly<Record<string, unknown>>,
  file: string,
): Pick<RecordedCounts, "pass" | "rank" | "gatherer"> {
  const { forward_pass_id: pass, rank = 0, gatherer_key: gatherer = PRIMARY } = fields;
  const wanted = (what: string, expected: string) => new InputError(`${what}: expected ${expected}`, { file });
  if (pass !== undefined && !isCount(pass)) throw wanted("forward_pass_id", "a whole number");
  if (!isCount(rank)) throw wanted("rank", "a whole number");
  if (typeof gatherer !== "string") throw wanted("gatherer_key", `a name such as "${PRIMARY}"`);
  return { pass, rank, gatherer };
}

/**
 * Steps of recorded counts, numbered from 0, or by forward pass where the records say which: then the ranks of a pass, of
 * which each may count its own slots only, are added up as SGLang does.
 * @throws InputError
 */
export async function* sglangSteps(
  documents: AsyncIterable<RecordedCounts>,
  options: SourceOptions,
): AsyncGenerator<RoutingStep> {
  const { file, byRank, notice } = options;
  if (byRank) throw new InputError("these counts have no source ranks, but loads by rank are asked for", { file });
  const passes = new StepWindow(options, "sort the records by forward_pass_id");
  const ranksOf = new Map<number, Set<number>>();
  const leftOut = new Map<string, number>();
  let iteration = 0;
  let mapped = false;
  for await (const document of documents) {
    const { pass, rank, gatherer, steps } = document;
    mapped ||= document.map !== undefined && options.physicalToLogical === undefined;
    if (gatherer !== PRIMARY) {
      leftOut.set(gatherer, (leftOut.get(gatherer) ?? 0) + 1);
      continue;
    }
    if ((pass === undefined ? ranksOf.size : iteration) > 0)
      throw new InputError("only some records have a forward_pass_id; expected it in all or none", { file });
    if (pass === undefined) {
      let last: readonly ArrayLike<number>[] = [];
      const first = iteration;
      for (const layers of steps) {
        const counts = new StepCounts(options, document.physical ? 0 : layers[0]?.length);
        countLayers(counts, layers, document, options);
        yield counts.take(iteration++);
        last = layers;
      }
      if (iteration - first > 1 && last.some((loads) => Array.from(loads).some((load) => load > 0))) noticeRing(options);
      continue;
    }
    const ranks = ranksOf.get(pass) ?? new Set();
    if (ranks.has(rank)) {
      throw new InputError(
        `forward pass ${pass} is there twice for rank ${rank}; expected one record a pass and rank: keep one recording`,
        {
          file,
        },
      );
    }
    ranksOf.set(pass, ranks.add(rank));
    yield* passes.before(pass);
    for (const layers of steps) countLayers(passes.countsOf(pass), layers, document, options);
  }
  for (const [gatherer, count] of leftOut)
    notice?.(
      `${count} record${count === 1 ? "" : "s"} of gatherer_key ${shownValue(gatherer)} left out; the model's own are "${PRIMARY}"`,
    );
  if (mapped)
    notice?.(
      "slots are read by the map in the file, the last one in use; if SGLang moved experts meanwhile (--enable-eplb), earlier passes had another",
    );
  const all = new Set([...ranksOf.values()].flatMap((ranks) => [...ranks])).size;
  const fewer = [...ranksOf.values()].filter((ranks) => ranks.size < all).length;
  if (fewer > 0) notice?.(`${fewer} of ${ranksOf.size} forward passes have records of fewer than ${all} ranks`);
  yield* passes.rest();
}

/** SGLang's recorder goes round in its buffer once that is full, and does not say where it begins. */
function noticeRing({ ordered, notice }: SourceOptions): void {
  if (ordered === true)
    notice?.(
      "no step at the end is empty: if the recorder's buffer was full, its steps are not in order of time; mean and sum of all do not depend on it",
    );
}

function countLayers(
  counts: StepCounts,
  layers: readonly ArrayLike<number>[],
  { physical, map }: RecordedCounts,
  options: SourceOptions,
): void {
  const { file, physicalToLogical } = options;
  if (!physical && physicalToLogical !== undefined) {
    throw new InputError(`${LOGICAL} counts logical experts already; leave out --physical-to-logical`, { file });
  }
  const said = { ...options, physicalToLogical: physicalToLogical ?? map };
  countSlots(counts, layers, physical ? saidAboutIds(said, `${PHYSICAL} counts tokens of physical slots`) : "identity", file);
}
