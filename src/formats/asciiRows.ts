/** Rows of whole numbers as ASCII text: a large table is written several times as quickly as by joining strings. */

const COMMA = 0x2c;
const OPENING = 0x5b;
const CLOSING = 0x5d;
/** Digits of the largest safe integer. */
const MOST_DIGITS = 16;
/** Room for a piece, in bytes; short numbers fill a quarter of it. */
const PIECE_LENGTH = 1 << 18;
/** Numbers below this are looked up. */
const LISTED = 10_000;

/** Digits of each listed number, the first in the lowest byte. */
const listedDigits = Uint32Array.from({ length: LISTED }, (_, value) =>
  Array.from(String(value)).reduceRight((packed, digit) => (packed << 8) | digit.charCodeAt(0), 0),
);
const listedLengths = Uint8Array.from({ length: LISTED }, (_, value) => String(value).length);

/** Four columns of whole numbers from 0 to 2^53, each of shape [rows]. */
export type FourColumns = readonly [first: Int32Array, second: Int32Array, third: Int32Array, fourth: Float64Array];

/**
 * Rows with commas between their numbers, in pieces.
 * @param before text that opens a row, ASCII
 * @param after text that ends a row, ASCII
 */
export function* asciiRows(columns: FourColumns, before: string, after: string): Generator<Uint8Array> {
  const [opening, ending] = [bytesOf(before), bytesOf(after)];
  const rows = columns[0].length;
  const rowsInPiece = Math.ceil(PIECE_LENGTH / (opening.length + ending.length + 4 * (MOST_DIGITS + 1)));
  // Filled to a quarter: what is handed on is a copy, so that little memory is asked for.
  const room = new Uint8Array(Math.min(rows, rowsInPiece) * (opening.length + ending.length + 4 * (MOST_DIGITS + 1)));
  for (let row = 0; row < rows; row += rowsInPiece) {
    yield room.slice(0, writeRows(room, columns, row, Math.min(rows, row + rowsInPiece), opening, ending));
  }
}

/** Not with Buffer, which browsers lack. */
function bytesOf(ascii: string): Uint8Array {
  return Uint8Array.from(ascii, (character) => character.charCodeAt(0));
}

/**
 * A table of whole numbers from 0 to 2^53 as JSON, an array a row, in pieces.
 * @param table shape [rows][width]
 */
export function* asciiTable(table: Float64Array, width: number): Generator<Uint8Array> {
  const rows = table.length / width;
  const rowsInPiece = Math.max(1, Math.floor(PIECE_LENGTH / (width * (MOST_DIGITS + 1))));
  const bytes = new Uint8Array(Math.min(rows, rowsInPiece) * (width * (MOST_DIGITS + 1) + 3) + 2);
  for (let begin = 0; begin < rows; begin += rowsInPiece) {
    const end = Math.min(rows, begin + rowsInPiece);
    let at = 0;
    for (let row = begin; row < end; row++) {
      bytes[at++] = row === 0 ? OPENING : COMMA;
      bytes[at++] = OPENING;
      for (let i = row * width; i < (row + 1) * width; i++) {
        at = writeNumber(bytes, at, table[i]!);
        bytes[at++] = COMMA;
      }
      bytes[at - 1] = CLOSING;
    }
    if (end === rows) bytes[at++] = CLOSING;
    yield bytes.slice(0, at);
  }
}

/** Writes the rows from `begin` to before `end`, and returns where they end. */
function writeRows(
  bytes: Uint8Array,
  [first, second, third, fourth]: FourColumns,
  begin: number,
  end: number,
  opening: Uint8Array,
  ending: Uint8Array,
): number {
  let at = 0;
  for (let row = begin; row < end; row++) {
    for (let i = 0; i < opening.length; i++) bytes[at++] = opening[i]!;
    at = writeNumber(bytes, at, first[row]!);
    bytes[at++] = COMMA;
    at = writeNumber(bytes, at, second[row]!);
    bytes[at++] = COMMA;
    at = writeNumber(bytes, at, third[row]!);
    bytes[at++] = COMMA;
    at = writeNumber(bytes, at, fourth[row]!);
    for (let i = 0; i < ending.length; i++) bytes[at++] = ending[i]!;
  }
  return at;
}

/** Writes the digits of a number and returns where they end; up to three bytes beyond them are overwritten. */
function writeNumber(bytes: Uint8Array, start: number, value: number): number {
  if (value >= LISTED) {
    const text = String(value);
    for (let i = 0; i < text.length; i++) bytes[start + i] = text.charCodeAt(i);
    return start + text.length;
  }
  const digits = listedDigits[value]!;
  bytes[start] = digits;
  bytes[start + 1] = digits >>> 8;
  bytes[start + 2] = digits >>> 16;
  bytes[start + 3] = digits >>> 24;
  return start + listedLengths[value]!;
}
