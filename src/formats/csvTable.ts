/** Small CSV files with a header, read whole; routing logs have a reader of their own. */
import { CsvError, parse } from "csv-parse/sync";
import { InputError } from "../errors.ts";

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
  const records = parseRecords(text, file);
  const header = records[0]?.record;
  const layout = [...required, ...optional.map((name) => `[${name}]`)].join(",");
  if (header === undefined) throw new InputError(`there is no input; expected a CSV with the columns ${layout}`, { file });
  const missing = required.filter((name) => !header.includes(name));
  if (missing.length > 0)
    throw new InputError(`the column ${missing.join(", ")} is missing; expected the header ${layout}`, { file, line: 1 });
  const odd = header.find((name, i) => !(required.includes(name) || optional.includes(name)) || header.indexOf(name) !== i);
  if (odd !== undefined)
    throw new InputError(`the column "${odd}" is not expected, or twice; expected the header ${layout}`, { file, line: 1 });
  return records
    .slice(1)
    .map(({ record, line }) => ({ line, cells: new Map(header.map((name, i) => [name, record[i] as string])) }));
}

function parseRecords(text: string, file: string): { record: string[]; line: number }[] {
  try {
    const parsed = parse(text, { bom: true, info: true, skip_empty_lines: true, trim: true }) as unknown as {
      record: string[];
      info: { lines: number };
    }[];
    return parsed.map(({ record, info }) => ({ record, line: info.lines }));
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const line = typeof error["lines"] === "number" ? error["lines"] : undefined;
    throw new InputError(`${error.message.replace(/ on line \d+/, "").replace(/\s+/g, " ")}; mend the row`, { file, line });
  }
}
