/**
 * Files of torch.save: a zip archive with a pickle, `NAME/data.pkl`, the tensors' bytes in stored members `NAME/data/KEY`, and
 * `NAME/byteorder`. A tensor is a call of _rebuild_tensor_v2 on a storage, whose class tells the kind of its numbers (or _v3,
 * with the kind as its last word). Of the pickle only these names are known; nothing is run.
 */
import { InputError, quoteInput, shownName } from "../../../errors.ts";
import { checkClaim } from "../../claims.ts";
import type { ByteSource } from "../byteSource.ts";
import { checkShape, type NumberArray, type NumberKind, numberKinds } from "./numberArray.ts";
import { type PickleNames, unpickled } from "./pickle.ts";
import { memberSource, type ZipMember } from "./zipArchive.ts";

/** A pickle holds no loads itself, but the ids of prompts in records of single tokens. */
const MOST_PICKLE_BYTES = 1 << 26;

/** "little" or "big". */
const LONGEST_ORDER = 16;
/** How often the numbers of a file may be read: tensors may share some, but a small file must not hold endless ones. */
const MOST_READINGS = 16;

const PICKLE = "data.pkl";

const storages: Readonly<Record<string, NumberKind>> = {
  CharStorage: "int8",
  ByteStorage: "uint8",
  ShortStorage: "int16",
  IntStorage: "int32",
  LongStorage: "int64",
  HalfStorage: "float16",
  BFloat16Storage: "bfloat16",
  FloatStorage: "float32",
  DoubleStorage: "float64",
};

/** A name in a pickle: a function, a class of storages or a kind of numbers. */
class TorchName {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

class Storage {
  readonly key: string;
  readonly type: string;
  constructor(key: string, type: string) {
    this.key = key;
    this.type = type;
  }
}

/** A tensor: what its file says about it, not its numbers. */
export class TorchTensor {
  readonly key: string;
  /** Kind of numbers, or what PyTorch calls them where it is none that is read. */
  readonly kind: string;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];

  constructor(key: string, kind: string, offset: number, shape: readonly number[], strides: readonly number[]) {
    this.key = key;
    this.kind = kind;
    this.offset = offset;
    this.shape = shape;
    this.strides = strides;
  }
}

/** What a file holds. */
export interface TorchFile {
  readonly name: string;
  /** Dictionaries as Map, lists and tuples as arrays, tensors as TorchTensor. */
  readonly value: unknown;
  /** The numbers of a tensor, whose bytes are read now. @throws InputError */
  readonly arrayOf: (tensor: TorchTensor, name: string) => Promise<NumberArray>;
}

/** Whether an archive is one of torch.save. */
export function isTorchArchive(members: ReadonlyMap<string, ZipMember>): boolean {
  return prefixOf(members) !== undefined;
}

/** Reads what a file holds, except for the tensors' numbers. @throws InputError */
export async function torchFile(source: ByteSource, members: ReadonlyMap<string, ZipMember>): Promise<TorchFile> {
  const { name: file } = source;
  const prefix = prefixOf(members) ?? "";
  const pickle = members.get(prefix + PICKLE);
  if (pickle === undefined) throw new InputError("this zip archive is none of torch.save; save it again", { file });
  if (pickle.size > MOST_PICKLE_BYTES) {
    throw new InputError(
      `its pickle has ${pickle.size} bytes; expected at most ${MOST_PICKLE_BYTES >> 20} MiB: record fewer passes a file`,
      { file },
    );
  }
  const bytes = await (await memberSource(source, pickle)).slice(0);
  const order = members.get(`${prefix}byteorder`);
  if (order !== undefined) {
    checkClaim(order.size, "its byteorder", { holds: order.size, most: LONGEST_ORDER, remedy: "save it again" }, file);
  }
  const littleEndian =
    order === undefined || new TextDecoder().decode(await (await memberSource(source, order)).slice(0)) !== "big";
  let left = MOST_READINGS * heldNumbers(members, prefix);
  return {
    name: file,
    value: unpickled(new Uint8Array(bytes), names, file),
    arrayOf: async (tensor, name) => {
      const { key, kind, offset, shape, strides } = tensor;
      const wrong = (what: string) => new InputError(`${name} ${what}`, { file });
      if (!isKind(kind)) throw wrong(`holds ${shownName(kind)}; expected whole numbers or floats: save counts`);
      checkShape(name, shape, kind, file);
      const member = members.get(`${prefix}data/${key}`);
      if (member === undefined) throw wrong("has no numbers in the file; save it again");
      const size = numberKinds[kind].bytes;
      const end = offset + 1 + shape.reduce((sum, length, d) => sum + (length - 1) * strides[d]!, 0);
      const elements = shape.reduce((product, length) => product * length, 1);
      // Repeated elements (a stride of 0) would let a small file claim a large array.
      if (end * size > member.size || elements > end - offset)
        throw wrong(`would have ${elements} numbers out of ${Math.floor(member.size / size)}; save it with .contiguous()`);
      left -= member.method === 0 ? elements * size : member.size;
      if (left < 0) throw wrong("shares its numbers with many others in the file; save each tensor's .clone()");
      const data = new DataView(await (await memberSource(source, member)).slice(offset * size, end * size));
      return { name, kind, shape, strides, data, littleEndian };
    },
  };
}

/** Bytes of all numbers in a file. */
function heldNumbers(members: ReadonlyMap<string, ZipMember>, prefix: string): number {
  return [...members.values()].reduce((sum, { name, size }) => sum + (name.startsWith(`${prefix}data/`) ? size : 0), 0);
}

function prefixOf(members: ReadonlyMap<string, ZipMember>): string | undefined {
  return [...members.keys()].find((name) => /^[^/]*\/data\.pkl$/.test(name))?.slice(0, -PICKLE.length);
}

function isKind(kind: string): kind is NumberKind {
  return Object.hasOwn(numberKinds, kind);
}

const names: PickleNames = {
  named: (module, name) => {
    const known =
      (module === "torch._utils" && /^_rebuild_tensor_v[23]$/.test(name)) ||
      (module === "collections" && name === "OrderedDict") ||
      (module === "torch" && /^\w+Storage$|^(?:u?int|float|bfloat|bool)\d*$/.test(name)) ||
      (module === "torch.storage" && name === "UntypedStorage");
    return known ? new TorchName(name) : undefined;
  },
  called: (callable, words) => {
    if (!(callable instanceof TorchName)) return undefined;
    if (callable.name === "OrderedDict") return words.length === 0 ? new Map() : undefined;
    return callable.name.startsWith("_rebuild_tensor") ? rebuilt(words) : undefined;
  },
  outside: (id) => {
    if (!Array.isArray(id)) return undefined;
    const [what, type, key] = id as unknown[];
    return what === "storage" && type instanceof TorchName && typeof key === "string" ? new Storage(key, type.name) : undefined;
  },
};

/** The words of _rebuild_tensor: storage, offset, shape, strides, requires_grad, hooks and, in version 3, the kind. */
function rebuilt([storage, offset, shape, strides, , , dtype]: readonly unknown[]): TorchTensor | undefined {
  if (!(storage instanceof Storage) || !isCounts([offset]) || !isCounts(shape) || !isCounts(strides)) return undefined;
  if (shape.length !== strides.length) return undefined;
  const type = dtype instanceof TorchName ? dtype.name : storage.type;
  return new TorchTensor(storage.key, storages[type] ?? type, offset as number, shape, strides);
}

function isCounts(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);
}

/** A dictionary's keys, for messages; lists as keys may be within each other without end. */
export function keysOf(value: ReadonlyMap<unknown, unknown>): string {
  return quoteInput([...value.keys()].map((key) => (typeof key === "object" ? "..." : String(key))).join(", "));
}
