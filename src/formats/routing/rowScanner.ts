/** The fast path: rows of plain digits, straight from bytes. */
import type { RowAdder } from "./rowAdder.ts";

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const COMMA = 44;
const DIGIT_0 = 48;

/** Digits that surely fit 31 bits, and 53 bits; longer fields are left to the strict reader. */
const SHORT_DIGITS = 9;
const MOST_DIGITS = 15;

/** Why a scan ended: nothing left, a row of another iteration, a row that is not plain digits, a row that was refused. */
export type ScanEnd = "end" | "iteration" | "odd" | "refused";

/**
 * Reads rows of unsigned numbers as long as they are written in the plainest way. It never reports bad text itself: a row
 * it does not understand is left where it is, for the strict reader to accept or to explain.
 */
export class RowScanner {
  /** Numbers of the newest row, shape [columns + 1], the last being 0; complete unless the scan ended at an odd row. */
  readonly fields: Float64Array;
  /** Rows added by all scans. */
  rows = 0;
  /** Where the last scan ended. */
  position = 0;
  /** Why a row was refused. */
  refusal = "";
  private readonly iterationColumn: number;
  private readonly addRow: RowAdder;

  /** @param iterationColumn -1 where all rows are of iteration 0 */
  constructor(columns: number, iterationColumn: number, addRow: RowAdder) {
    this.fields = new Float64Array(columns + 1);
    this.iterationColumn = iterationColumn < 0 ? columns : iterationColumn;
    this.addRow = addRow;
  }

  /**
   * Adds the rows of `iteration` that start at `from`.
   * @param bytes complete lines: the last byte is a line feed, which is what lets the loops below run without end checks
   */
  scan(bytes: Uint8Array, from: number, iteration: number): ScanEnd {
    const { fields, iterationColumn, addRow } = this;
    const columns = fields.length - 1;
    const end = bytes.length;
    let rows = 0;
    let at = from;
    let outcome: ScanEnd = "end";
    while (at < end) {
      let next = at;
      let column = 0;
      let byte = COMMA;
      while (byte === COMMA && column < columns) {
        const start = next;
        let value = 0;
        let digit = (bytes[next] as number) - DIGIT_0;
        while (digit >>> 0 < 10) {
          value = (Math.imul(value, 10) + digit) | 0;
          digit = (bytes[++next] as number) - DIGIT_0;
        }
        if (next === start || next - start > MOST_DIGITS) break;
        fields[column++] = next - start <= SHORT_DIGITS ? value : longNumber(bytes, start, next);
        byte = digit + DIGIT_0;
        next++;
      }
      if (byte === CARRIAGE_RETURN) byte = bytes[next++] as number;
      if (column !== columns || byte !== LINE_FEED) {
        outcome = "odd";
        break;
      }
      if (fields[iterationColumn] !== iteration) {
        outcome = "iteration";
        break;
      }
      const refusal = addRow(fields);
      if (refusal !== undefined) {
        this.refusal = refusal;
        outcome = "refused";
        break;
      }
      rows++;
      at = next;
    }
    this.rows += rows;
    this.position = at;
    return outcome;
  }
}

/** Digits that overflow the integers of the loop above; not part of it, so that the engine keeps it to integers. */
function longNumber(bytes: Uint8Array, start: number, end: number): number {
  let value = 0;
  for (let at = start; at < end; at++) value = value * 10 + ((bytes[at] as number) - DIGIT_0);
  return value;
}
