/**
 * Arrays of NumPy: `\x93NUMPY`, the version (1.0 to 3.0), the length of the header (16 bits little-endian, from 2.0 on 32),
 * the header as a Python dictionary, then the elements (NEP 1). An .npz is a zip archive of them.
 */
import { InputError, quoteInput } from "../../../errors.ts";
import { checkClaim } from "../../claims.ts";
import type { ByteSource } from "../byteSource.ts";
import { checkShape, type NumberArray, type NumberKind, numberKinds } from "./numberArray.ts";
import { memberSource, type ZipMember } from "./zipArchive.ts";

const MAGIC = "\x93NUMPY";
/** NumPy itself reads no longer ones from files that it does not trust. */
const MOST_HEADER_BYTES = 10_000;

const kinds: Readonly<Record<string, NumberKind>> = {
  i1: "int8",
  u1: "uint8",
  i2: "int16",
  u2: "uint16",
  i4: "int32",
  u4: "uint32",
  i8: "int64",
  u8: "uint64",
  f2: "float16",
  f4: "float32",
  f8: "float64",
};

/** Arrays of an archive that are taken where it holds others, too. */
const usualNames = ["logical_count", "loads"];

/** Whether a file begins as an array of NumPy. */
export function isNpy(head: Uint8Array): boolean {
  return head.length >= 4 && Buffer.from(head.subarray(0, 6)).toString("latin1") === MAGIC.slice(0, Math.min(6, head.length));
}

/** The array in an .npy file. @throws InputError */
export async function npyArray(source: ByteSource, name: string): Promise<NumberArray> {
  const file = source.name;
  const wrong = (what: string) => new InputError(`${what}; expected an array as numpy.save writes it: save it again`, { file });
  const unlike = (what: string) =>
    new InputError(`${name} holds ${what}; expected whole numbers or floats: save counts`, { file });
  const start = new DataView(await source.slice(0, Math.min(12, source.byteLength)));
  if (start.byteLength < 10 || !isNpy(new Uint8Array(start.buffer))) throw wrong(`${name} does not begin as one`);
  const version = start.getUint8(6);
  if (version < 1 || version > 3) throw wrong(`${name} is of version ${version}`);
  if (version > 1 && start.byteLength < 12) throw wrong(`${name} is cut short`);
  const [length, from] = version === 1 ? [start.getUint16(8, true), 10] : [start.getUint32(8, true), 12];
  const limits = { holds: source.byteLength - from, most: MOST_HEADER_BYTES, remedy: "save it again with numpy.save" };
  checkClaim(length, "its header", limits, file);
  const header = new TextDecoder().decode(await source.slice(from, from + length));
  const { kind, littleEndian, fortran, shape } = described(header, wrong, unlike);
  checkShape(name, shape, kind, file);
  const elements = shape.reduce((product, one) => product * one, 1);
  const bytes = elements * numberKinds[kind].bytes;
  const held = source.byteLength - from - length;
  if (held !== bytes) throw wrong(`an array of shape [${shape.join(",")}] has ${bytes} bytes, but ${held} follow its header`);
  return {
    name,
    kind,
    shape,
    strides: stridesOf(shape, fortran),
    data: new DataView(await source.slice(from + length)),
    littleEndian,
  };
}

/** The one array of an .npz archive, or the one among several that is called as loads are. @throws InputError */
export async function npzArray(source: ByteSource, members: ReadonlyMap<string, ZipMember>): Promise<NumberArray> {
  const names = [...members.keys()].map((name) => name.replace(/\.npy$/, ""));
  const name = names.length === 1 ? names[0] : usualNames.find((usual) => names.includes(usual));
  const member = members.get(`${name}.npy`);
  if (name === undefined || member === undefined) {
    throw new InputError(
      `there are ${names.length} arrays: ${quoteInput(names.join(", "))}; expected one, or one called ${usualNames.join(" or ")}: save the loads alone, numpy.savez(FILE, loads=...)`,
      { file: source.name },
    );
  }
  return npyArray(await memberSource(source, member), name);
}

/** What a header says, which may say nothing else. */
function described(header: string, wrong: (what: string) => InputError, unlike: (what: string) => InputError) {
  let rest = header;
  const take = (key: string, value: string): string | undefined => {
    const found = new RegExp(`['"]${key}['"]\\s*:\\s*${value}\\s*,?`).exec(rest);
    if (found === null) return undefined;
    rest = rest.replace(found[0], "");
    return found[1];
  };
  const descr = take("descr", `['"]([^'"]*)['"]`);
  const fortran = take("fortran_order", "(True|False)");
  const shape = take("shape", "\\(([\\d\\s,]*)\\)");
  if (descr === undefined && /['"]descr['"]\s*:\s*\[/.test(header)) throw unlike("records of several fields");
  if (descr === undefined || fortran === undefined || shape === undefined || !/^\s*\{\s*\}\s*$/.test(rest))
    throw wrong(`its header is ${quoteInput(header.trim())}`);
  const [, order = "", code = ""] = /^([<>|=]?)(.*)$/.exec(descr) ?? [];
  const kind = Object.hasOwn(kinds, code) ? kinds[code] : undefined;
  if (kind === undefined) throw unlike(quoteInput(descr));
  const lengths = shape.split(",").flatMap((text) => (text.trim() === "" ? [] : [Number(text)]));
  if (!lengths.every(Number.isSafeInteger)) throw wrong(`its shape is ${quoteInput(shape)}`);
  return { kind, littleEndian: order !== ">", fortran: fortran === "True", shape: lengths };
}

/** Elements from one index to the next: the last dimension is dense, or in Fortran's order the first. */
function stridesOf(shape: readonly number[], fortran: boolean): number[] {
  const strides = new Array<number>(shape.length).fill(1);
  if (fortran) for (let d = 1; d < shape.length; d++) strides[d] = strides[d - 1]! * shape[d - 1]!;
  else for (let d = shape.length - 2; d >= 0; d--) strides[d] = strides[d + 1]! * shape[d + 1]!;
  return strides;
}
