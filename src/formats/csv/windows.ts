/** The column `window`, which keeps the documents of several windows apart. */
import { InputError, quoteInput, UsageError } from "../../errors.ts";

/** The first and last iteration that a document's loads are of. */
export interface Window {
  readonly from: number;
  readonly to: number;
}

/** The window in a cell, FROM-TO. @throws InputError */
export function parseWindowCell(text: string, file: string, line: number): Window {
  const [, from, to] = /^(\d{1,15})-(\d{1,15})$/.exec(text) ?? [];
  const window = { from: Number(from), to: Number(to) };
  if (window.from <= window.to) return { ...window };
  throw new InputError(`window is ${quoteInput(text)}; expected FROM-TO, such as 1-10: correct the row`, { file, line });
}

/** Where a document stands in the table of all. */
export interface TablePart {
  /** Whether the header belongs before it. */
  readonly first: boolean;
  /** What goes before the header's names, and before the cells of each of its rows: the column window, or nothing. */
  readonly header: string;
  readonly cell: string;
}

/**
 * Puts documents into one table, one after the other, by their windows.
 * @param windowOf the window of a document that others stand beside; nothing for one alone
 * @returns where a document stands; throws a UsageError when nothing would tell its rows from those before
 */
export function windowTable<T>(windowOf: (document: T) => Window | undefined): (document: T, first: boolean) => TablePart {
  const seen = new Set<string>();
  let hasColumn = false;
  return (document, first) => {
    const window = windowOf(document);
    const cell = window === undefined ? "" : `${window.from}-${window.to},`;
    if (first) hasColumn = cell !== "";
    else if (!hasColumn || cell === "" || seen.has(cell)) {
      throw new UsageError(
        "--format csv: there are several documents, and no window of its own tells their rows apart; write --format json, a line each",
      );
    }
    seen.add(cell);
    return { first, header: hasColumn ? "window," : "", cell };
  };
}
