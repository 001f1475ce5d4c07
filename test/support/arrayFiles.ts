/** Files of NumPy and PyTorch, byte by byte, so that each byte can be wrong. */
import { deflateRawSync } from "node:zlib";

const byte = (...bytes: number[]) => Buffer.from(bytes);

/** An .npy file. */
export function npy(header: string, data: Uint8Array, version = 1): Buffer {
  const length = Buffer.alloc(version === 1 ? 2 : 4);
  if (version === 1) length.writeUInt16LE(header.length);
  else length.writeUInt32LE(header.length);
  return Buffer.concat([
    Buffer.from(`\x93NUMPY`, "latin1"),
    Buffer.from([version, 0]),
    length,
    Buffer.from(header, "latin1"),
    data,
  ]);
}

/** A header as NumPy writes it. */
export function npyHeader(descr: string, shape: readonly number[], fortran = false): string {
  const lengths = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  return `{'descr': '${descr}', 'fortran_order': ${fortran ? "True" : "False"}, 'shape': (${lengths}), }\n`;
}

/** What may be wrong with a zip archive. */
export interface ZipChanges {
  readonly deflate?: boolean;
  readonly zip64?: boolean;
  readonly method?: number;
  readonly flags?: number;
  /** Size that the directory claims. */
  readonly size?: number;
}

/** A zip archive of members by name. */
export function zip(
  members: Readonly<Record<string, Uint8Array>>,
  { deflate, zip64, method, flags, size }: ZipChanges = {},
): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const [name, content] of Object.entries(members)) {
    const data = deflate ? deflateRawSync(content) : Buffer.from(content);
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50);
    local.writeUInt16LE(name.length, 26);
    // A field of another kind (a time) before that of zip64.
    const extra = zip64 ? Buffer.concat([byte(0x55, 0x54, 4, 0, 0, 1, 2, 3), Buffer.alloc(28)]) : Buffer.alloc(0);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50);
    entry.writeUInt16LE(flags ?? 0, 8);
    entry.writeUInt16LE(method ?? (deflate ? 8 : 0), 10);
    const fields = [size ?? content.length, data.length, at];
    if (zip64) {
      extra.writeUInt16LE(1, 8);
      extra.writeUInt16LE(24, 10);
      fields.forEach((value, i) => {
        extra.writeBigUInt64LE(BigInt(value), 12 + 8 * i);
      });
    }
    [24, 20, 42].forEach((field, i) => {
      entry.writeUInt32LE(zip64 ? 0xffffffff : (fields[i] as number), field);
    });
    entry.writeUInt16LE(name.length, 28);
    entry.writeUInt16LE(extra.length, 30);
    parts.push(local, Buffer.from(name), data);
    directory.push(entry, Buffer.from(name), extra);
    at += 30 + name.length + data.length;
  }
  const index = Buffer.concat(directory);
  const count = Object.keys(members).length;
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50);
  end.writeUInt16LE(zip64 ? 0xffff : count, 10);
  end.writeUInt32LE(zip64 ? 0xffffffff : index.length, 12);
  end.writeUInt32LE(zip64 ? 0xffffffff : at, 16);
  const [end64, locator] = zip64 ? [Buffer.alloc(56), Buffer.alloc(20)] : [Buffer.alloc(0), Buffer.alloc(0)];
  if (zip64) {
    end64.writeUInt32LE(0x06064b50);
    [count, index.length, at].forEach((value, i) => {
      end64.writeBigUInt64LE(BigInt(value), 32 + 8 * i);
    });
    locator.writeUInt32LE(0x07064b50);
    locator.writeBigUInt64LE(BigInt(at + index.length), 8);
  }
  return Buffer.concat([...parts, index, end64, locator, end]);
}

const text = (value: string) => {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes.length);
  return Buffer.concat([byte(0x58), length, bytes]);
};
const number = (value: number) => {
  const bytes = Buffer.alloc(5);
  bytes[0] = 0x4a;
  bytes.writeInt32LE(value, 1);
  return bytes;
};
const tuple = (...items: Buffer[]) => Buffer.concat([byte(0x28), ...items, byte(0x74)]);
const named = (module: string, name: string) => Buffer.from(`c${module}\n${name}\n`);

/** Pieces of pickles of protocol 2. */
export const pickle = {
  text,
  number,
  named,
  tuple,
  list: (...items: Buffer[]) => Buffer.concat([byte(0x5d, 0x28), ...items, byte(0x65)]),
  dictionary: (entries: Readonly<Record<string, Buffer>>) =>
    Buffer.concat([byte(0x7d, 0x28), ...Object.entries(entries).flatMap(([key, value]) => [text(key), value]), byte(0x75)]),
  called: (name: Buffer, words: Buffer) => Buffer.concat([name, words, byte(0x52)]),
  tensor: (key: string, type: string, numbers: number, shape: readonly number[], strides: readonly number[], offset = 0) => {
    const storage = tuple(text("storage"), named("torch", type), text(key), text("cpu"), number(numbers));
    const hooks = Buffer.concat([named("collections", "OrderedDict"), byte(0x29, 0x52)]);
    const lengths = [shape, strides].map((values) => tuple(...values.map(number)));
    return Buffer.concat([
      named("torch._utils", "_rebuild_tensor_v2"),
      tuple(Buffer.concat([storage, byte(0x51)]), number(offset), ...lengths, byte(0x89), hooks),
      byte(0x52),
    ]);
  },
  whole: (value: Buffer) => Buffer.concat([byte(0x80, 2), value, byte(0x2e)]),
};

/** A file of torch.save: the pickle's value and the storages' bytes by key. */
export function torchSaved(value: Buffer, storages: Readonly<Record<string, Uint8Array>>, changes: ZipChanges = {}): Buffer {
  const members = Object.entries(storages).map(([key, bytes]) => [`archive/data/${key}`, bytes] as const);
  return zip(
    { "archive/data.pkl": pickle.whole(value), "archive/byteorder": Buffer.from("little"), ...Object.fromEntries(members) },
    changes,
  );
}
