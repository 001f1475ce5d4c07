/**
 * safetensors files: 8 bytes with the length of the header (little-endian), the header as JSON, then the tensors' bytes, to
 * which the header's offsets refer.
 */
import * as z from "zod/mini";
import { InputError, quoteInput, shownName } from "../../errors.ts";
import { checkClaim } from "../claims.ts";
import { parseJson } from "../parseJson.ts";
import { ID_LIMITS } from "../routing/routingColumns.ts";
import type { ByteSource } from "./byteSource.ts";

/** The format's own limit for headers. */
const MOST_HEADER_BYTES = 100_000_000;
const OPENING_BRACE = 0x7b;

const tensorSchema = z.object({
  dtype: z.string(),
  shape: z.array(z.int().check(z.nonnegative())),
  data_offsets: z.tuple([z.int().check(z.nonnegative()), z.int().check(z.nonnegative())]),
});

/** One tensor: what it is and where its bytes lie in the file. */
export interface Tensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly start: number;
  readonly end: number;
}

/**
 * The tensors of a file by name.
 * @throws InputError
 */
export async function tensorsOf(source: ByteSource): Promise<Map<string, Tensor>> {
  const file = source.name;
  const damaged = (what: string) => new InputError(`${what}; expected a safetensors file: fetch or write it again`, { file });
  if (source.byteLength < 10) throw damaged("the file is too short");
  const start = new DataView(await source.slice(0, 9));
  const limits = { holds: source.byteLength - 8, most: MOST_HEADER_BYTES };
  const length = checkClaim(start.getBigUint64(0, true), "its header", limits, file);
  if (start.getUint8(8) !== OPENING_BRACE) throw damaged("its header is no JSON object");
  const header = parseJson(new TextDecoder().decode(await source.slice(8, 8 + length)), file);
  if (typeof header !== "object" || header === null || Array.isArray(header)) throw damaged("its header is no JSON object");
  const tensors = new Map<string, Tensor>();
  for (const [name, entry] of Object.entries(header)) {
    if (name === "__metadata__") continue;
    const { success, data } = z.safeParse(tensorSchema, entry);
    if (!success) throw damaged(`tensor ${quoteInput(name)} lacks dtype, shape or data_offsets`);
    const [start, end] = data.data_offsets.map((offset) => offset + 8 + length) as [number, number];
    if (start > end || end > source.byteLength)
      throw damaged(`tensor ${quoteInput(name)} lies outside the file, which may be cut short`);
    tensors.set(name, { dtype: data.dtype, shape: data.shape, start, end });
  }
  return tensors;
}

/**
 * The counts in a tensor of 64-bit integers of one dimension.
 * @throws InputError when it is something else, or a count is negative or 2^53 and more
 */
export async function tensorCounts(source: ByteSource, name: string, tensor: Tensor): Promise<Float64Array> {
  const { dtype, shape, start, end } = tensor;
  const wrong = (what: string) => new InputError(`tensor ${quoteInput(name)} ${what}`, { file: source.name });
  if (dtype !== "I64" || shape.length !== 1)
    throw wrong(`is ${shownName(dtype)} of shape [${shownName(shape.join(","))}]; expected I64 counts of shape [experts]`);
  const [claimed = 0] = shape;
  const { expert } = ID_LIMITS;
  const limits = { holds: source.byteLength / 8, most: expert, unit: "counts" };
  const length = checkClaim(claimed, `tensor ${quoteInput(name)}`, limits, source.name);
  if (end - start !== 8 * length) throw wrong(`has ${end - start} bytes; expected 8 for each of its ${length} counts`);
  const view = new DataView(await source.slice(start, end));
  return Float64Array.from({ length }, (_, i) => {
    const count = Number(view.getBigInt64(8 * i, true));
    if (!Number.isSafeInteger(count) || count < 0)
      throw wrong(`holds ${count} at index ${i}; expected a number of tokens below 2^53`);
    return count;
  });
}
