/** Rows of a small trace file. */
import { InputError } from "../../errors.ts";
import { type CsvRecord, csvRecords } from "../csvRecords.ts";

/** One row and where it stands. */
export type TraceRow = CsvRecord;

/**
 * Splits a text into rows; empty lines are skipped.
 * @throws InputError when there is no row, or with the line of one that is not CSV
 */
export function traceRows(text: string, file: string, delimiter = ","): TraceRow[] {
  const rows = csvRecords(text, file, { delimiter, ragged: true });
  if (rows.length === 0) throw new InputError("the trace is empty; expected at least one row", { file });
  return rows;
}
