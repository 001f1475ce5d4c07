/** Rows of small CSV files, read whole; routing logs have a reader of their own. */
import { CsvError, parse } from "csv-parse/sync";
import { InputError } from "../errors.ts";

/** Far more than a row of any small file has, far less than a file that is no CSV at all may have before its first line end. */
const LONGEST_ROW_BYTES = 1 << 16;

/** One row and the line where it ends. */
export interface CsvRecord {
  readonly cells: readonly string[];
  readonly line: number;
}

/**
 * Splits a text into rows; empty lines are skipped, blanks around cells dropped.
 * @param delimiter only between commas may cells be quoted
 * @param ragged whether rows may have unlike numbers of cells
 * @throws InputError with the line of a row that is not CSV
 */
export function csvRecords(
  text: string,
  file: string,
  { delimiter, ragged }: { readonly delimiter: string; readonly ragged: boolean },
): CsvRecord[] {
  try {
    const parsed = parse(text, {
      bom: true,
      info: true,
      skip_empty_lines: true,
      trim: true,
      delimiter,
      quote: delimiter === "," ? '"' : null,
      relax_column_count: ragged,
      max_record_size: LONGEST_ROW_BYTES,
    }) as unknown as { record: string[]; info: { lines: number } }[];
    return parsed.map(({ record, info }) => ({ cells: record, line: info.lines }));
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const line = typeof error["lines"] === "number" ? error["lines"] : undefined;
    throw new InputError(`${error.message.replace(/ on line \d+/, "").replace(/\s+/g, " ")}; mend the row`, { file, line });
  }
}
