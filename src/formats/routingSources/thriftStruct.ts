/** Structs of Thrift's compact protocol, as Parquet's footer and page headers are written: only numbers are kept. */

/** Fields by number: whole numbers and structs; anything else is passed over. */
export type ThriftStruct = ReadonlyMap<number, number | ThriftStruct>;

/** Bytes and how far they are read. */
export interface Cursor {
  readonly bytes: Uint8Array;
  offset: number;
}

/** A 64-bit number has no more. */
const MOST_VARINT_BYTES = 10;
/** Parquet's structs nest about six deep. */
const MOST_DEPTH = 32;

const TYPE = { stop: 0, true: 1, false: 2, byte: 3, i16: 4, i32: 5, i64: 6, double: 7, binary: 8, list: 9, set: 10, struct: 12 };

/**
 * Reads a struct.
 * @throws RangeError when it says more than its bytes hold, or nests deeper than any does
 */
export function readStruct(cursor: Cursor, depth = 0): ThriftStruct {
  if (depth > MOST_DEPTH) throw new RangeError("its structs nest too deep");
  const fields = new Map<number, number | ThriftStruct>();
  for (let field = 0; ; ) {
    const head = byteAt(cursor);
    const type = head & 0x0f;
    if (type === TYPE.stop) return fields;
    field = head >> 4 === 0 ? zigzag(varint(cursor)) : field + (head >> 4);
    const value = readValue(cursor, type, depth);
    if (value !== undefined) fields.set(field, value);
  }
}

function readValue(cursor: Cursor, type: number, depth: number): number | ThriftStruct | undefined {
  switch (type) {
    case TYPE.true:
      return 1;
    case TYPE.false:
      return 0;
    case TYPE.byte:
      byteAt(cursor);
      return undefined;
    case TYPE.i16:
    case TYPE.i32:
    case TYPE.i64:
      return zigzag(varint(cursor));
    case TYPE.double:
      return pass(cursor, 8);
    case TYPE.binary:
      return pass(cursor, varint(cursor));
    case TYPE.list:
    case TYPE.set:
      return passList(cursor, depth);
    case TYPE.struct:
      return readStruct(cursor, depth + 1);
    default:
      throw new RangeError(`a field has the type ${type}, which Parquet does not use`);
  }
}

function passList(cursor: Cursor, depth: number): undefined {
  const head = byteAt(cursor);
  const short = head >> 4;
  const size = short === 15 ? varint(cursor) : short;
  if (size > cursor.bytes.length - cursor.offset) throw new RangeError("a list is longer than the bytes that are left");
  const type = head & 0x0f;
  // Alone, a truth value is in the field's head; in a list it is a byte.
  const element = type === TYPE.true || type === TYPE.false ? TYPE.byte : type;
  for (let i = 0; i < size; i++) readValue(cursor, element, depth + 1);
  return undefined;
}

/** An unsigned number; beyond 2^53 it is only about right, which is enough to refuse it. */
export function varint(cursor: Cursor): number {
  let value = 0;
  for (let i = 0; i < MOST_VARINT_BYTES; i++) {
    const byte = byteAt(cursor);
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return value;
  }
  throw new RangeError("a number has more than 64 bits");
}

function zigzag(value: number): number {
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}

function byteAt(cursor: Cursor): number {
  const byte = cursor.bytes[cursor.offset++];
  if (byte === undefined) throw new RangeError("it ends too early");
  return byte;
}

function pass(cursor: Cursor, bytes: number): undefined {
  if (bytes > cursor.bytes.length - cursor.offset) throw new RangeError("a text is longer than the bytes that are left");
  cursor.offset += bytes;
  return undefined;
}
