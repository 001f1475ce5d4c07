/** Top-k ids in Parquet: a row for every token (a list of experts) or for every routed token (one expert). */

import * as zlib from "node:zlib";
import type { RoutingStep } from "../../core/profile/routingStep.ts";
import { InputError, IoError, shownName } from "../../errors.ts";
import type { ByteSource } from "./byteSource.ts";
import { checkChunk, checkColumn, checkFooter, checkSchema, type Unpack } from "./parquetClaims.ts";
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
/** What the reader complains of may repeat names of the file. */
const LONGEST_REASON = 80;

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
  const { scan, names, checkRows } = await opened(source, columns, byRank, file);
  const counts = new StepCounts(options);
  const logicalOfLayer = new Map<number, readonly number[]>();
  let current = -1;
  let padding = 0;
  const rows = scan.ranges.at(-1)?.rowEnd ?? 0;
  for (const range of scan.ranges) {
    await checkRows(range.rowStart);
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
        throw wrong(`row ${row}: ${what} is ${shownName(String(value))}; expected a whole number from 0`);
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
  if (physicalToLogical === "identity") counts.noticeGuess(options);

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
  const { parquetMetadataAsync, parquetScan, parquetSchema, snappyUncompress } = await import("hyparquet");
  await checkFooter(source);
  const metadata = await guarded(() => parquetMetadataAsync(source, { geoparquet: false }), file);
  checkSchema(metadata, file);
  const tree = await guarded(async () => parquetSchema(metadata).children, file);
  const present = tree.map((child) => child.element.name);
  const find = (what: ParquetColumn) => {
    const wanted = columns[what] === undefined ? usualNames[what] : [columns[what]];
    const name = wanted.find((candidate) => present.includes(candidate));
    if (name !== undefined) return name;
    if (what === "rank" && !byRank && columns.rank === undefined) return undefined;
    throw new InputError(
      `there is no column ${wanted.join(" or ")}; the file has ${shownName(present.join(", "))}: name it, --columns ${what}=NAME`,
      { file },
    );
  };
  const names = { iteration: find("iteration"), layer: find("layer"), rank: find("rank"), experts: find("experts") };
  const needed = Object.values(names).filter((name) => name !== undefined);
  const checked = tree.filter(({ element }) => needed.includes(element.name)).map((column) => checkColumn(column, file));
  const codecs = compressors();
  const scan = await guarded(
    () => parquetScan({ file: source, metadata, columns: needed, compressors: codecs, useOffsetIndex: false }),
    file,
  );
  const unpack = (codec: string): Unpack | undefined => codecs[codec] ?? (codec === "SNAPPY" ? snappy : undefined);
  /** Checks the chunks of the row group that begins with a row. */
  const checkRows = async (rowStart: number) => {
    let first = 0;
    const group = metadata.row_groups.find(({ num_rows: rows }) => {
      first += Number(rows);
      return first > rowStart;
    });
    for (const { meta_data: about } of group?.columns ?? []) {
      const column = checked.find(({ name }) => name === about?.path_in_schema[0]);
      if (about !== undefined && column !== undefined) await guarded(() => checkChunk(source, column, about, unpack), file);
    }
  };
  return { scan, names, checkRows };

  function snappy(packed: Uint8Array, bytes: number): Uint8Array {
    const page = new Uint8Array(bytes);
    snappyUncompress(packed, page);
    return page;
  }
}

/** Codecs beside those of hyparquet itself; Node.js unpacks zstd from version 22.15 on. */
function compressors(): Readonly<Record<string, Unpack>> {
  const { gunzipSync, brotliDecompressSync } = zlib;
  const { zstdDecompressSync } = zlib as { zstdDecompressSync?: typeof gunzipSync };
  // No more than the page says is unpacked, whatever its bytes stand for.
  const bounded =
    (unpack: typeof gunzipSync): Unpack =>
    (packed, bytes) =>
      new Uint8Array(unpack(packed, { maxOutputLength: Math.max(1, bytes) }));
  return {
    GZIP: bounded(gunzipSync),
    BROTLI: bounded(brotliDecompressSync),
    ...(zstdDecompressSync === undefined ? {} : { ZSTD: bounded(zstdDecompressSync) }),
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
        ? `this Parquet file cannot be read: ${error.message.slice(0, LONGEST_REASON)}; write it again`
        : `the columns are packed with ${codec}, which this Node.js cannot unpack; write them with snappy, gzip or no compression`,
      { file },
    );
  }
}

function isList(value: unknown): value is ArrayLike<unknown> & Iterable<unknown> {
  return Array.isArray(value) || ArrayBuffer.isView(value);
}
