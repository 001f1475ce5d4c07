/**
 * What a Parquet file says about sizes, checked before its reader takes memory for it: the footer's structs, the schema's
 * depth, the chunks' place in the file, and of every page the bytes that it unpacks to, its values, and the runs that its
 * levels and dictionary ids stand for (encodings: Parquet's format specification, "Data Pages" and "RLE/Bit-Packing Hybrid").
 */
import type { ColumnMetaData, FileMetaData, SchemaElement, SchemaTree } from "hyparquet";
import { InputError } from "../../errors.ts";
import { checkClaim } from "../claims.ts";
import type { ByteSource } from "./byteSource.ts";
import { type Cursor, readStruct, type ThriftStruct, varint } from "./thriftStruct.ts";

/** Limits, far above what logs of routing have. */
export const PARQUET_LIMITS = {
  footerBytes: 1 << 26,
  chunkBytes: 1 << 28,
  pageBytes: 1 << 26,
  /** Values of a chunk that may be repetitions; another takes a bit at least. */
  repeatedValues: 1 << 20,
  schemaElements: 10_000,
  schemaDepth: 16,
} as const;

/** Most bytes that one packed byte can stand for; codecs without an entry have no bound of their own. */
const EXPANSION: Readonly<Record<string, number>> = { UNCOMPRESSED: 1, SNAPPY: 64, GZIP: 1032 };
const PAGE = { data: 0, dictionary: 2, dataV2: 3 } as const;
/** Encodings that end in runs of dictionary ids: PLAIN_DICTIONARY and RLE_DICTIONARY. */
const DICTIONARY_IDS = new Set([2, 8]);
const NUMBERS = new Set(["INT32", "INT64", "FLOAT", "DOUBLE"]);
const SMALLER_GROUPS = "write smaller row groups, or the file again";

/** Unpacks the bytes of a page to so many. */
export type Unpack = (packed: Uint8Array, bytes: number) => Uint8Array;

/** Checks the footer. @throws InputError */
export async function checkFooter(source: ByteSource): Promise<void> {
  const { name: file, byteLength } = source;
  checkClaim(byteLength < 12 ? -1 : 0, "the footer", { holds: byteLength, most: byteLength }, file);
  const tail = new DataView(await source.slice(byteLength - 8));
  const { footerBytes } = PARQUET_LIMITS;
  const length = checkClaim(tail.getUint32(0, true), "the footer", { holds: byteLength - 12, most: footerBytes }, file);
  const bytes = new Uint8Array(await source.slice(byteLength - 8 - length, byteLength - 8));
  damaged(() => readStruct({ bytes, offset: 0 }), "the footer", file);
}

/** Checks the schema, before a tree is made of it. @throws InputError */
export function checkSchema({ schema }: Pick<FileMetaData, "schema">, file: string): void {
  const { schemaElements, schemaDepth } = PARQUET_LIMITS;
  checkClaim(schema.length, "the schema", { holds: schemaElements, most: schemaElements, unit: "columns" }, file);
  const open: number[] = [];
  for (const { num_children: children = 0 } of schema as (SchemaElement & { num_children?: number })[]) {
    if (open.length > 0) open[open.length - 1]! -= 1;
    if (children > 0)
      open.push(checkClaim(children, "a column", { holds: schema.length, most: schema.length, unit: "columns" }, file));
    if (open.length > schemaDepth)
      throw new InputError(`its columns nest more than ${schemaDepth} deep; write flat columns`, { file });
    while (open.at(-1) === 0) open.pop();
  }
}

/** A column that is read: where its values stand in the schema. */
export interface CheckedColumn {
  readonly name: string;
  readonly repetition: number;
  readonly definition: number;
}

/** A column of numbers, or of lists of numbers. @throws InputError when it is something else */
export function checkColumn(column: SchemaTree, file: string): CheckedColumn {
  const { name } = column.element;
  let [repetition, definition] = [0, 0];
  for (let node: SchemaTree | undefined = column; node !== undefined; node = node.children[0]) {
    const { repetition_type: kind, type } = node.element;
    if (kind === "REPEATED") repetition++;
    if (kind !== "REQUIRED") definition++;
    const isNumber = node.children.length === 0 && type !== undefined && NUMBERS.has(type);
    if (node.children.length > 1 || repetition > 1 || (node.children.length === 0 && !isNumber))
      throw new InputError(`the column ${name} holds something else; expected whole numbers, or lists of them`, { file });
  }
  return { name, repetition, definition };
}

/** Checks all pages of a column's chunk. @throws InputError */
export async function checkChunk(
  source: ByteSource,
  column: CheckedColumn,
  about: ColumnMetaData,
  unpack: (codec: string) => Unpack | undefined,
): Promise<void> {
  const { name: file, byteLength } = source;
  const what = `a chunk of the column ${column.name}`;
  const { chunkBytes, repeatedValues } = PARQUET_LIMITS;
  const start = checkClaim(
    about.dictionary_page_offset || about.data_page_offset,
    `what precedes ${what}`,
    { holds: byteLength, most: byteLength },
    file,
  );
  const size = checkClaim(
    about.total_compressed_size,
    what,
    { holds: byteLength - start, most: chunkBytes, remedy: SMALLER_GROUPS },
    file,
  );
  const values = { holds: repeatedValues + 8 * size, most: Number.MAX_SAFE_INTEGER, unit: "values", remedy: SMALLER_GROUPS };
  checkClaim(about.num_values, what, values, file);
  const cursor: Cursor = { bytes: new Uint8Array(await source.slice(start, start + size)), offset: 0 };
  let seen = 0;
  while (cursor.offset < size - 1) {
    const header = damaged(() => readStruct(cursor), `a page of the column ${column.name}`, file);
    const page = new Page(header, about.codec, column, file);
    const packed = cursor.bytes.subarray(cursor.offset, cursor.offset + page.packedBytes(size - cursor.offset));
    cursor.offset += packed.length;
    if (page.kind !== PAGE.dictionary) seen += page.values;
    checkClaim(seen, what, values, file);
    checkClaim(page.values, `a page of the column ${column.name}`, values, file);
    page.checkRuns(packed, unpack(about.codec), values.holds);
  }
}

/** One page by its header. */
class Page {
  readonly kind: number;
  readonly values: number;
  readonly #about: ThriftStruct;
  readonly #header: ThriftStruct;
  readonly #codec: string;
  readonly #column: CheckedColumn;
  readonly #file: string;

  constructor(header: ThriftStruct, codec: string, column: CheckedColumn, file: string) {
    this.#header = header;
    this.#codec = codec;
    this.#column = column;
    this.#file = file;
    this.kind = numberIn(header, 1);
    const about = header.get(this.kind === PAGE.data ? 5 : this.kind === PAGE.dictionary ? 7 : 8);
    this.#about = typeof about === "object" ? about : new Map();
    this.values = numberIn(this.#about, 1);
  }

  get #what(): string {
    return `a page of the column ${this.#column.name}`;
  }

  /** Bytes of the page as they lie in the file, of which so many are left. */
  packedBytes(left: number): number {
    const packed = checkClaim(numberIn(this.#header, 3), this.#what, { holds: left, most: left }, this.#file);
    const holds = (packed + 64) * (EXPANSION[this.#codec] ?? Number.POSITIVE_INFINITY);
    checkClaim(
      numberIn(this.#header, 2),
      this.#what,
      { holds, most: PARQUET_LIMITS.pageBytes, remedy: SMALLER_GROUPS },
      this.#file,
    );
    return packed;
  }

  /** Looks at the runs of levels and dictionary ids: a few bytes may stand for any number of values. */
  checkRuns(packed: Uint8Array, unpack: Unpack | undefined, mostValues: number): void {
    const { repetition, definition } = this.#column;
    if (this.kind === PAGE.dictionary) return;
    const whole = numberIn(this.#header, 2);
    const isV2 = this.kind === PAGE.dataV2;
    const levels = isV2 ? [numberIn(this.#about, 6), numberIn(this.#about, 5)] : [];
    const [repeats = 0, defines = 0] = levels.map((bytes) =>
      checkClaim(bytes, this.#what, { holds: packed.length, most: packed.length }, this.#file),
    );
    const isPacked = this.#codec !== "UNCOMPRESSED" && !(isV2 && this.#about.get(7) === 0);
    if (isPacked && unpack === undefined) return; // The reader says which codec it is.
    const unpacked = (part: Uint8Array, bytes: number) => (isPacked ? (unpack?.(part, bytes) ?? part) : part);
    const runs = (bytes: Uint8Array, start: number, width: number) => this.#checkRun({ bytes, offset: start }, width, mostValues);
    let data: Uint8Array;
    let at = 0;
    if (isV2) {
      if (repetition > 0) runs(packed, 0, widthOf(repetition));
      if (definition > 0) runs(packed, repeats, widthOf(definition));
      const rest = whole - repeats - defines;
      data = unpacked(
        packed.subarray(repeats + defines),
        checkClaim(rest, this.#what, { holds: whole, most: whole }, this.#file),
      );
    } else {
      data = unpacked(packed, whole);
      for (const level of [repetition, definition]) {
        if (level === 0) continue;
        const length = lengthAt(data, at);
        runs(data, at + 4, widthOf(level));
        at += 4 + length;
      }
    }
    const width = data[at];
    if (DICTIONARY_IDS.has(numberIn(this.#about, isV2 ? 4 : 2)) && width !== undefined && width > 0) runs(data, at + 1, width);
  }

  #checkRun(cursor: Cursor, width: number, most: number): void {
    const { bytes } = cursor;
    for (let seen = 0; seen < this.values && cursor.offset < bytes.length; ) {
      const head = damaged(() => varint(cursor), this.#what, this.#file);
      const isPacked = head % 2 === 1;
      const run = isPacked ? 4 * (head - 1) : head / 2;
      checkClaim(run, `a run in ${this.#what}`, { holds: most, most, unit: "values" }, this.#file);
      cursor.offset += isPacked ? ((head - 1) / 2) * width : Math.ceil(width / 8);
      seen += run;
    }
  }
}

function numberIn(fields: ThriftStruct, field: number): number {
  const value = fields.get(field);
  return typeof value === "number" ? value : 0;
}

/** Bits of a level up to the largest. */
function widthOf(largest: number): number {
  return 32 - Math.clz32(largest);
}

function lengthAt(bytes: Uint8Array, at: number): number {
  return at + 4 > bytes.length ? bytes.length : new DataView(bytes.buffer, bytes.byteOffset + at, 4).getUint32(0, true);
}

/** What is wrong with structs is about the file. */
function damaged<T>(read: () => T, what: string, file: string): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new InputError(`${what} is damaged: ${error.message}; write the file again`, { file });
  }
}
