/** Small CSV files with a header. */
import { InputError, quoteInput } from "../errors.ts";
import { csvRecords } from "./csvRecords.ts";

/** One row: its line in the file, and its cells by column name. */
export interface CsvRow {
  readonly line: number;
  readonly cells: ReadonlyMap<string, string>;
}

/**
 * Reads a CSV text with a header row.
 * @param required columns that must be there
 * @param optional columns that may be there; any other is refused
 * @throws InputError with the line
 */
export function csvTable(text: string, file: string, required: readonly string[], optional: readonly string[]): CsvRow[] {
  const records = csvRecords(text, file, { delimiter: ",", ragged: false });
  const header = records[0]?.cells;
  const layout = [...required, ...optional.map((name) => `[${name}]`)].join(",");
  if (header === undefined) throw new InputError(`there is no input; expected a CSV with the columns ${layout}`, { file });
  const missing = required.filter((name) => !header.includes(name));
  if (missing.length > 0)
    throw new InputError(`the column ${missing.join(", ")} is missing; expected the header ${layout}`, { file, line: 1 });
  const odd = header.find((name, i) => !(required.includes(name) || optional.includes(name)) || header.indexOf(name) !== i);
  if (odd !== undefined)
    throw new InputError(`the column ${quoteInput(odd)} is not expected, or twice; expected the header ${layout}`, {
      file,
      line: 1,
    });
  return records.slice(1).map(({ cells, line }) => ({ line, cells: new Map(header.map((name, i) => [name, cells[i]!])) }));
}
