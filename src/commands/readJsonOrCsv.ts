/** Documents of a file or pipe, be they JSON or CSV. */
import { type CsvKind, csvKind, headerNames } from "../formats/csv/documentKind.ts";
import { parseJson } from "../formats/parseJson.ts";
import { type Input, openInput, peek, readText } from "../io/input.ts";
import { firstLine } from "./firstLine.ts";

const JSON_BEGINS = new Set([..."{["].map((character) => character.charCodeAt(0)));

/** How to read either; both throw an InputError for what they do not want. */
interface Readers<T> {
  readonly json: (value: unknown, source: string) => T;
  readonly csv: (input: Input, kind: CsvKind | undefined) => Promise<T>;
}

/** Opens a file and tells JSON from CSV. @returns the table that a CSV is, where it is one of ours */
export async function openJsonOrCsv(
  file: string | undefined,
): Promise<{ readonly format: "json" | "csv"; readonly kind?: CsvKind | undefined; readonly input: Input }> {
  const { byte, input } = await peek(openInput(file));
  if (byte === undefined || JSON_BEGINS.has(byte)) return { format: "json", input };
  const { line, input: whole } = await firstLine(input);
  return { format: "csv", kind: csvKind(headerNames(line)), input: whole };
}

/** Reads the only document of a file. @throws InputError when there are more, too */
export async function readJsonOrCsv<T>(file: string | undefined, { json, csv }: Readers<T>): Promise<T> {
  const { format, kind, input } = await openJsonOrCsv(file);
  return format === "csv" ? csv(input, kind) : json(parseJson(await readText(input), input.name), input.name);
}
