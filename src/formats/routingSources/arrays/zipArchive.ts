/** Zip archives, as numpy.savez and torch.save write them: members stored or deflated, with or without zip64. */
import { inflateRawSync } from "node:zlib";
import { InputError, quoteInput } from "../../../errors.ts";
import { checkClaim } from "../../claims.ts";
import type { ByteSource } from "../byteSource.ts";
import { MOST_ARRAY_BYTES } from "./numberArray.ts";

/** A member of an archive: its name, and where the archive says that it lies. */
export interface ZipMember {
  readonly name: string;
  /** 0 stored, 8 deflated. */
  readonly method: number;
  readonly header: number;
  readonly packed: number;
  readonly size: number;
}

const [END, END_64, LOCATOR_64, DIRECTORY, LOCAL] = [0x06054b50, 0x06064b50, 0x07064b50, 0x02014b50, 0x04034b50];
/** What stands at the end of an archive, with the longest comment. */
const MOST_END_BYTES = 22 + 65_535;
const MOST_DIRECTORY_BYTES = 1 << 24;
/** A byte of deflated data stands for no more than so many. */
const MOST_INFLATION = 1032;
/** Fields that are said elsewhere. */
const [ELSEWHERE_16, ELSEWHERE_32] = [0xffff, 0xffffffff];

/** Whether a file begins as an archive. */
export function isZip(head: Uint8Array): boolean {
  return Buffer.from(head.subarray(0, 4)).toString("latin1") === "PK\u0003\u0004";
}

/** Members by name, in the order of the archive. @throws InputError */
export async function zipMembers(source: ByteSource): Promise<Map<string, ZipMember>> {
  const { start, bytes, count } = await directoryOf(source);
  const view = new DataView(await source.slice(start, start + bytes));
  const members = new Map<string, ZipMember>();
  for (let at = 0; at < bytes; ) {
    if (at + 46 > bytes || view.getUint32(at, true) !== DIRECTORY) throw damaged(source, "its directory is not whole");
    const [nameLength, extraLength, comment] = [28, 30, 32].map((field) => view.getUint16(at + field, true)) as [
      number,
      number,
      number,
    ];
    const end = at + 46 + nameLength + extraLength + comment;
    if (end > bytes) throw damaged(source, "its directory is not whole");
    const name = new TextDecoder().decode(new Uint8Array(view.buffer, at + 46, nameLength));
    const sizes = sizesOf(new DataView(view.buffer, at, end - comment - at), nameLength, source);
    const method = view.getUint16(at + 10, true);
    const about = `member ${quoteInput(name)}`;
    if (members.has(name)) throw damaged(source, `${about} is there twice`);
    if (view.getUint16(at + 8, true) & 1) throw damaged(source, `${about} is encrypted`);
    if (method !== 0 && method !== 8) throw damaged(source, `${about} is packed by method ${method}, not stored or deflated`);
    if (sizes.header + 30 + sizes.packed > start) throw damaged(source, `${about} lies outside the file`);
    if (method === 0 ? sizes.size !== sizes.packed : sizes.size > MOST_INFLATION * (sizes.packed + 1))
      throw damaged(source, `${about} would have ${sizes.size} bytes out of ${sizes.packed}`);
    members.set(name, { name, method, ...sizes });
    at = end;
  }
  if (members.size !== count) throw damaged(source, `its directory has ${members.size} members, not ${count}`);
  return members;
}

/** The bytes of a member: those of the archive, or unpacked ones in memory. @throws InputError, above the limit for arrays, too */
export async function memberSource(source: ByteSource, member: ZipMember): Promise<ByteSource> {
  const { name, method, header, packed, size } = member;
  const local = new DataView(await source.slice(header, header + 30));
  if (local.getUint32(0, true) !== LOCAL) throw damaged(source, `member ${quoteInput(name)} is not where the directory says`);
  const start = header + 30 + local.getUint16(26, true) + local.getUint16(28, true);
  if (start + packed > source.byteLength) throw damaged(source, `member ${quoteInput(name)} lies outside the file`);
  if (method === 0) {
    return {
      name: source.name,
      byteLength: size,
      slice: (from, to = size) => source.slice(start + Math.min(from, size), start + Math.min(to, size)),
    };
  }
  if (size > MOST_ARRAY_BYTES) {
    throw new InputError(
      `member ${quoteInput(name)} has ${size} bytes; expected at most ${MOST_ARRAY_BYTES >> 20} MiB where it is packed: save it unpacked, as numpy.savez does`,
      { file: source.name },
    );
  }
  const bytes = inflated(new Uint8Array(await source.slice(start, start + packed)), size);
  if (bytes?.length !== size) throw damaged(source, `member ${quoteInput(name)} does not unpack to ${size} bytes`);
  return {
    name: source.name,
    byteLength: size,
    slice: async (from, to = size) => new Uint8Array(bytes.subarray(from, to)).buffer,
  };
}

function inflated(packed: Uint8Array, size: number): Uint8Array | undefined {
  try {
    return inflateRawSync(packed, { maxOutputLength: Math.max(1, size) });
  } catch {
    return undefined;
  }
}

function damaged({ name }: ByteSource, what: string): InputError {
  return new InputError(`in the zip archive: ${what}; fetch or save the file again`, { file: name });
}

/** Where the directory lies, by the record at the archive's end or, where a number does not fit into it, the one of zip64. */
async function directoryOf(source: ByteSource): Promise<{ start: number; bytes: number; count: number }> {
  const from = Math.max(0, source.byteLength - MOST_END_BYTES);
  const tail = new DataView(await source.slice(from));
  let end = tail.byteLength - 22;
  while (end >= 0 && !(tail.getUint32(end, true) === END && end + 22 + tail.getUint16(end + 20, true) === tail.byteLength)) end--;
  if (end < 0) throw damaged(source, "it has no end, and may be cut short");
  let [count, bytes, start] = [tail.getUint16(end + 10, true), tail.getUint32(end + 12, true), tail.getUint32(end + 16, true)];
  if (count === ELSEWHERE_16 || bytes === ELSEWHERE_32 || start === ELSEWHERE_32) {
    if (end < 20 || tail.getUint32(end - 20, true) !== LOCATOR_64)
      throw damaged(source, "it does not say where its directory is");
    const at = Number(tail.getBigUint64(end - 12, true));
    if (at + 56 > source.byteLength) throw damaged(source, "it does not say where its directory is");
    const record = new DataView(await source.slice(at, at + 56));
    if (record.getUint32(0, true) !== END_64) throw damaged(source, "it does not say where its directory is");
    [count, bytes, start] = [32, 40, 48].map((field) => Number(record.getBigUint64(field, true))) as [number, number, number];
  }
  const limits = { holds: from + end - start, most: MOST_DIRECTORY_BYTES, remedy: "fetch or save the file again" };
  checkClaim(bytes, "in the zip archive: its directory", limits, source.name);
  return { start, bytes, count };
}

/** Sizes and place of an entry; zip64 puts those that do not fit into an extra field. */
function sizesOf(entry: DataView, nameLength: number, source: ByteSource) {
  const [packed, size, header] = [20, 24, 42].map((field) => entry.getUint32(field, true)) as [number, number, number];
  const sizes = { size, packed, header };
  for (let at = 46 + nameLength; at + 4 <= entry.byteLength; ) {
    const [id, length] = [entry.getUint16(at, true), entry.getUint16(at + 2, true)];
    let field = at + 4;
    at = field + length;
    if (id !== 1 || at > entry.byteLength) continue;
    for (const key of ["size", "packed", "header"] as const) {
      if (sizes[key] !== ELSEWHERE_32 || field + 8 > at) continue;
      sizes[key] = Number(entry.getBigUint64(field, true));
      field += 8;
    }
  }
  if (!Object.values(sizes).every(Number.isSafeInteger)) throw damaged(source, "its sizes are out of bounds");
  return sizes;
}
