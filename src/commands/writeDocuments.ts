/** The way out of every command: one document after the other, as JSON, CSV or a table for people. */
import { cleanJson, cleanTexts } from "../cleanText.ts";
import { InputError } from "../errors.ts";
import { isTerminalOutput, openOutput, replacesFile } from "../io/output.ts";
import type { Paint } from "../report/paint.ts";
import { manner } from "./manner.ts";
import { choice, option } from "./option.ts";
import { openPlot, type Sketch } from "./plotOption.ts";
import { warn } from "./warn.ts";

/** Text, or its bytes. */
type Piece = string | Uint8Array;

/** Writes a document as text in pieces; a header belongs to the first document only. */
type Renderer<T> = (document: T, first: boolean) => Iterable<Piece>;

/** The ways to write a document; what only some formats need is loaded when one of them is asked for. */
export interface Renderers<T> {
  /** Checks a document as whoever reads it will; throws an InputError. */
  readonly check: (document: T, source: string) => unknown;
  /** JSON text in pieces; a single line without it. */
  readonly json?: (document: T) => Iterable<Piece>;
  readonly csv: () => Promise<Renderer<T>>;
  /** What a person reads. */
  readonly table: () => Promise<(document: T, paint: Paint, width: number) => string>;
  /** What `--plot` draws. */
  readonly picture?: () => Promise<Sketch<T>>;
  /** Name under which the next command may find the document: who reads it at a terminal is told how to keep it. */
  readonly usualName?: string;
  /** Further formats by name. */
  readonly others?: Readonly<Record<string, () => Promise<Renderer<T>>>>;
}

/** Options of every command that writes a document. */
export const outputOptions = {
  format: choice({
    choices: ["json", "csv", "table"],
    says: "How to write the result: json for the next command, csv as flat rows, table for people. Default: table on a terminal, json on a pipe.",
  }),
  output: option({
    letter: "o",
    argument: "FILE",
    writes: true,
    parse: (text) => text,
    says: "Write to FILE instead of standard output; it appears whole or not at all.",
  }),
};

/** What becomes of a file that is there already. */
export interface Replacement {
  /** It stays as it is. */
  readonly keeps?: boolean;
  /** SHA-256 that it has to have still. */
  readonly follows?: string | undefined;
}

/** Writes one document. */
export type DocumentWriter<T> = (document: T) => Promise<void>;

/**
 * Runs work that writes documents, each of which is checked first; the output file gets its name only when all of it succeeded.
 * @param replacement asked when the work is done
 * @returns what the work returned
 */
export async function writeDocuments<T, R>(
  options: { readonly format: string | undefined; readonly output: string | undefined; readonly plot?: string | undefined },
  renderers: Renderers<T>,
  work: (write: DocumentWriter<T>) => Promise<R>,
  replacement: () => Replacement = () => ({}),
): Promise<R> {
  const terminal = isTerminalOutput(options.output);
  const render = await rendererOf(formatOf(options), renderers, terminal);
  const sketch = options.plot === undefined ? undefined : await renderers.picture?.();
  const plot = sketch && openPlot(options.plot as string, sketch);
  const output = openOutput(options.output);
  let written = 0;
  try {
    const result = await work(async (document) => {
      checkResult(document, renderers.check);
      for (const piece of render(plot?.see(document) ?? document, written === 0)) await output.write(piece);
      written++;
    });
    await plot?.draw();
    const { keeps = false, follows } = replacement();
    if (keeps && replacesFile(options.output)) output.abandon();
    else await output.finish(follows);
    if (terminal && written > 0 && options.format === undefined && renderers.usualName !== undefined)
      warn(`not saved; add -o ${renderers.usualName}`);
    await plot?.finish();
    return result;
  } catch (error) {
    output.abandon();
    plot?.abandon();
    throw error;
  }
}

/** The format that documents are written in. */
export function formatOf(options: { readonly format: string | undefined; readonly output: string | undefined }): string {
  return options.format ?? (isTerminalOutput(options.output) ? "table" : "json");
}

async function rendererOf<T>(format: string, renderers: Renderers<T>, terminal: boolean): Promise<Renderer<T>> {
  const { json, csv, table, others } = renderers;
  if (format === "csv") return csv();
  if (format === "table") {
    const [{ paint }, { screenWidth }, render] = await Promise.all([
      import("../report/paint.ts"),
      import("../report/screen.ts"),
      table(),
    ]);
    const colors = paint(terminal, manner().color);
    const width = screenWidth(terminal ? process.stdout.columns : undefined);
    return (document, first) => [`${first ? "" : "\n"}${render(cleanTexts(document), colors, width)}\n`];
  }
  return others?.[format]?.() ?? json ?? ((document) => [`${cleanJson(JSON.stringify(document))}\n`]);
}

/** What is wrong with a result is our fault, not that of the input. */
function checkResult<T>(document: T, check: Renderers<T>["check"]): void {
  try {
    check(document, "the result");
  } catch (error) {
    throw error instanceof InputError
      ? new Error(`the result is not as it should be: ${error.message}`, { cause: error })
      : error;
  }
}
