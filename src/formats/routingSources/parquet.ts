/** Top-k ids in Parquet: a row for every token (a list of experts) or for every routed token (one expert). */

import * as zlib from "node:zlib";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import type { RoutingStep } from "../../core/profile/routingStep.ts";
import { InputError, IoError } from "../../errors.ts";
import type { ByteSource } from "./byteSource.ts";
import { isCount, logicalExperts, noticePadding, PADDING, type SourceOptions } from "./source.ts";
import { StepCounts } from "./stepCounts.ts";

/** Columns and the names that they have unless the user names others. */
const usualNames = {
  iteration: ["iteration", "step"],
  layer: ["layer", "layer_id"],
  rank: ["rank"],
  experts: ["topk_ids", "top_indices", "experts", "expert", "expert_id"],
} as const;

const ROWS_BETWEEN_REPORTS = 1 << 14;

/** What a column holds. */
export type ParquetColumn = keyof typeof usualNames;

/** What columns may hold. */
export const parquetColumns = Object.keys(usualNames) as ParquetColumn[];

/** Names of columns that differ from the usual ones. */
export type ColumnNames = Partial<Record<ParquetColumn, string>>;

/**
 * Steps of a Parquet file, row group by row group; only the columns needed are read.
 * @throws InputError
 */
export async function* parquetSteps(
  source: ByteSource,
  columns: ColumnNames,
  options: SourceOptions,
): AsyncGenerator<RoutingStep> {
  const { file, byRank, physicalToLogical = "identity" } = options;
  const wrong = (what: string) => new InputError(what, { file });
  const { scan, names } = await opened(source, columns, byRank, file);
  const counts = new StepCounts(options);
  const logicalOfLayer = new Map<number, readonly number[]>();
  let current = -1;
  let padding = 0;
  const rows = scan.ranges.at(-1)?.rowEnd ?? 0;
  for (const range of scan.ranges) {
    const [iterations, layers, ranks, experts] = await Promise.all(
      [names.iteration, names.layer, names.rank, names.experts].map((name) =>
        name === undefined ? undefined : guarded(() => scan.readColumn({ column: name, ...range }), file),
      ),
    );
    for (let i = 0; i < range.rowEnd - range.rowStart; i++) {
      const row = range.rowStart + i;
      if (row % ROWS_BETWEEN_REPORTS === 0) options.progress?.(row, rows);
      const whole = (value: unknown, what: string) => {
        const number = typeof value === "bigint" ? Number(value) : value;
        if (isCount(number)) return number;
        throw wrong(`row ${row}: ${what} is ${String(value)}; expected a whole number from 0`);
      };
      const iteration = whole(iterations?.[i], "the iteration");
      if (iteration < current)
        throw wrong(`row ${row}: iteration ${iteration} comes after ${current}; write the rows sorted by iteration`);
      if (iteration !== current && !counts.empty) yield counts.take(current);
      current = iteration;
      const layer = whole(layers?.[i], "the layer");
      const rank = byRank ? whole(ranks?.[i], "the rank") : 0;
      const listed: unknown = experts?.[i];
      for (const id of isList(listed) ? listed : [listed]) {
        // A null list or element is a token, or a place, without an expert, as -1 is.
        if (id === null || id === undefined || Number(id) === PADDING) {
          padding++;
          counts.open(layer);
          continue;
        }
        const slot = whole(id, "an expert");
        counts.add(layer, rank, logicalOf(layer, slot), 1);
      }
    }
  }
  if (counts.empty) throw wrong("there are no rows; expected one for every token");
  yield counts.take(current);
  noticePadding(padding, options);

  function logicalOf(layer: number, slot: number): number {
    if (physicalToLogical === "identity") return slot;
    const slots = physicalToLogical.rows[0]?.slots.length ?? 0;
    const row = logicalOfLayer.get(layer) ?? logicalExperts(physicalToLogical, layer, slots, file) ?? [];
    logicalOfLayer.set(layer, row);
    const expert = row[slot];
    if (expert === undefined)
      throw wrong(`layer ${layer} routes to slot ${slot}; the plan of --physical-to-logical has ${slots} slots`);
    return expert;
  }
}

async function opened(source: ByteSource, columns: ColumnNames, byRank: boolean, file: string) {
  const { parquetMetadataAsync, parquetScan, parquetSchema } = await import("hyparquet");
  const { metadata, present } = await guarded(async () => {
    const metadata = await parquetMetadataAsync(source);
    return { metadata, present: parquetSchema(metadata).children.map((child) => child.element.name) };
  }, file);
  const find = (what: ParquetColumn) => {
    const wanted = columns[what] === undefined ? usualNames[what] : [columns[what]];
    const name = wanted.find((candidate) => present.includes(candidate));
    if (name !== undefined) return name;
    if (what === "rank" && !byRank && columns.rank === undefined) return undefined;
    throw new InputError(
      `there is no column ${wanted.join(" or ")}; the file has ${present.join(", ")}: name it, --columns ${what}=NAME`,
      { file },
    );
  };
  const names = { iteration: find("iteration"), layer: find("layer"), rank: find("rank"), experts: find("experts") };
  const needed = Object.values(names).filter((name) => name !== undefined);
  const scan = await guarded(() => parquetScan({ file: source, metadata, columns: needed, compressors: compressors() }), file);
  return { scan, names };
}

/** Codecs beside those of hyparquet itself; Node.js unpacks zstd from version 22.15 on. */
function compressors() {
  const { zstdDecompressSync } = zlib as { zstdDecompressSync?: (input: Uint8Array) => Uint8Array };
  return {
    GZIP: (input: Uint8Array) => new Uint8Array(gunzipSync(input)),
    BROTLI: (input: Uint8Array) => new Uint8Array(brotliDecompressSync(input)),
    ...(zstdDecompressSync === undefined ? {} : { ZSTD: (input: Uint8Array) => new Uint8Array(zstdDecompressSync(input)) }),
  };
}

/** What hyparquet throws is about the file, whose name it does not know. */
async function guarded<T>(work: () => Promise<T>, file: string): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof InputError || error instanceof IoError || !(error instanceof Error)) throw error;
    const codec = /unsupported compression codec: (\w+)/.exec(error.message)?.[1];
    throw new InputError(
      codec === undefined
        ? `this Parquet file cannot be read: ${error.message}; write it again`
        : `the columns are packed with ${codec}, which this Node.js cannot unpack; write them with snappy, gzip or no compression`,
      { file },
    );
  }
}

function isList(value: unknown): value is ArrayLike<unknown> & Iterable<unknown> {
  return Array.isArray(value) || ArrayBuffer.isView(value);
}
