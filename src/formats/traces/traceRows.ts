/** Rows of a small trace file. */
import { CsvError, parse } from "csv-parse/sync";
import { InputError } from "../../errors.ts";

/** One row and where it stands. */
export interface TraceRow {
  readonly cells: readonly string[];
  readonly line: number;
}

/**
 * Splits a text into rows; empty lines are skipped.
 * @throws InputError when there is no row, or with the line of one that is not CSV
 */
export function traceRows(text: string, file: string, delimiter = ","): TraceRow[] {
  const rows = parsedRows(text, file, delimiter);
  if (rows.length === 0) throw new InputError("the trace is empty; expected at least one row", { file });
  return rows;
}

function parsedRows(text: string, file: string, delimiter: string): TraceRow[] {
  const options = { bom: true, info: true, skip_empty_lines: true, trim: true, relax_column_count: true, delimiter } as const;
  try {
    const parsed = parse(text, { ...options, quote: delimiter === "," ? '"' : null }) as unknown as {
      record: string[];
      info: { lines: number };
    }[];
    return parsed.map(({ record, info }) => ({ cells: record, line: info.lines }));
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const line = typeof error["lines"] === "number" ? error["lines"] : undefined;
    throw new InputError(`${error.message.replace(/\s+/g, " ")}; mend the row`, { file, line });
  }
}
