/** The rows of a CSV text that comes in pieces: a large placement is never held as text. */
import { InputError, type InputPosition, quoteInput } from "../../errors.ts";
import { splitCsvLine, wholeNumber } from "../routing/csvLine.ts";

/** A row has a name, a domain and numbers in it, no more. */
const LONGEST_ROW = 1 << 20;
/** Digits that a number exactly holds for certain. */
const MOST_DIGITS = 15;

/** Puts rows together to documents. */
export interface TableReader<T> {
  /** Takes a row with as many cells as the header; returns the document that ended before it, if one did. */
  add(cells: readonly string[], line: number): T | undefined;
  /** The last document. @param line of the last row */
  finish(line: number): T;
}

/**
 * The documents in a CSV text with a header.
 * @param open makes the reader for a header's names
 * @throws InputError with the line of a row that is not as it should be
 */
export async function* tableDocuments<T>(
  pieces: AsyncIterable<string>,
  file: string,
  open: (names: readonly string[], file: string) => TableReader<T>,
): AsyncGenerator<T> {
  let names: readonly string[] | undefined;
  let reader: TableReader<T> | undefined;
  let pending = "";
  let line = 0;
  let rows = 0;
  const add = (text: string): T | undefined => {
    line++;
    const row = text.endsWith("\r") ? text.slice(0, -1) : text;
    if (row === "") return undefined;
    const cells = splitCsvLine(row, { file, line });
    if (reader === undefined || names === undefined) {
      names = cells;
      reader = open(cells, file);
      return undefined;
    }
    if (cells.length !== names.length) {
      throw new InputError(
        `a row of ${cells.length} cells; expected ${names.length} as in the header: the file is cut short, or of several tables`,
        { file, line },
      );
    }
    if (cells[0] === names[0]) {
      throw new InputError("the header comes again; join documents as JSON, one a line, or leave out the later headers", {
        file,
        line,
      });
    }
    rows++;
    return reader.add(cells, line);
  };
  for await (const piece of pieces) {
    const text = pending + piece;
    let start = 0;
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", start)) {
      const document = add(text.slice(start, end));
      if (document !== undefined) yield document;
      start = end + 1;
    }
    pending = text.slice(start);
    if (pending.length > LONGEST_ROW) {
      throw new InputError(`a row of more than ${LONGEST_ROW} characters; expected CSV: is this the right file?`, {
        file,
        line: line + 1,
      });
    }
  }
  if (pending !== "") {
    const document = add(pending);
    if (document !== undefined) yield document;
  }
  if (reader === undefined || rows === 0)
    throw new InputError("there are no rows; check the command that wrote it", { file, line: line || 1 });
  yield reader.finish(line);
}

/**
 * Where each column is.
 * @param kind of the document, for the message
 * @returns numbers from 0; -1 for an optional column that is not there
 * @throws InputError when one is missing, twice, or none of the document's
 */
export function columnsOf<Required extends string, Optional extends string>(
  names: readonly string[],
  kind: string,
  required: readonly Required[],
  optional: readonly Optional[],
  file: string,
): Record<Required | Optional, number> {
  const at: InputPosition = { file, line: 1 };
  const known: readonly string[] = [...required, ...optional];
  const others = optional.filter((name) => name !== "window").map((name) => `[,${name}]`);
  const expected = `expected the header of a ${kind}, ${known.includes("window") ? "[window,]" : ""}${required.join()}${others.join("")}`;
  const odd = names.find((name, column) => !known.includes(name) || names.indexOf(name) !== column);
  if (odd !== undefined) {
    throw new InputError(
      `the column ${quoteInput(odd)} is ${known.includes(odd) ? "there twice" : "not known"}; ${expected}`,
      at,
    );
  }
  const missing = required.filter((name) => !names.includes(name));
  if (missing.length > 0) {
    throw new InputError(`there is no column ${missing.join(", ")}; ${expected}`, at);
  }
  return Object.fromEntries(known.map((name) => [name, names.indexOf(name)])) as Record<Required | Optional, number>;
}

/** A whole number; plain digits take the short way. @throws InputError */
export function wholeCell(text: string, name: string, file: string, line: number): number {
  let value = 0;
  const { length } = text;
  let at = 0;
  for (; at < length; at++) {
    const digit = text.charCodeAt(at) - 48;
    if (digit < 0 || digit > 9) break;
    value = value * 10 + digit;
  }
  return length > 0 && at === length && length <= MOST_DIGITS ? value : wholeNumber(text, name, { file, line });
}
