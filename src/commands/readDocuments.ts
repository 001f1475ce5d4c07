/** JSON documents from a file or a pipe: one document however it is laid out, or one on each line (NDJSON). */
import { InputError } from "../errors.ts";
import { parseJson } from "../formats/parseJson.ts";
import { type Input, openInput, readText, refuseLongText, textPieces } from "../io/input.ts";

/** Who writes more blanks in front of a document means nothing by it. */
const MOST_BLANKS = 1 << 20;

/**
 * The documents of an input, one by one; each is checked before it is handed on.
 * @param check turns parsed JSON into a document or throws an InputError
 * @throws InputError with file and line, when there is no document at all, too
 */
export async function* documentsOf<T>(input: Input, check: (value: unknown, source: string) => T): AsyncGenerator<T> {
  let pending = "";
  let line = 1;
  let found = 0;
  let oneALine: boolean | undefined;
  for await (const text of jsonPieces(input)) {
    pending += text;
    refuseLongText(pending, input);
    if (!text.includes("\n")) continue; // Searching what is put together so far would copy it each time.
    while (oneALine !== false) {
      const end = pending.indexOf("\n");
      if (end < 0) break;
      const lineText = pending.slice(0, end);
      if (lineText.trim() !== "") {
        oneALine ??= isJson(lineText);
        if (!oneALine) break;
        yield checked(lineText, line);
        found++;
      }
      pending = pending.slice(end + 1);
      line++;
    }
  }
  if (pending.trim() !== "" || found === 0) yield checked(pending, line);

  function checked(text: string, at: number): T {
    try {
      return check(parseJson(text, input.name, at), input.name);
    } catch (error) {
      throw error instanceof InputError && oneALine === true ? error.onLine(at) : error;
    }
  }
}

/**
 * Reads the only document of a file.
 * @throws InputError when there is more than one, too
 */
export async function readDocument<T>(file: string | undefined, check: (value: unknown, source: string) => T): Promise<T> {
  const input = openInput(file);
  return check(parseJson(await readText(input, jsonPieces(input)), input.name), input.name);
}

/** JSON begins with few characters: what begins otherwise is refused before the rest, which may be endless, is read. */
async function* jsonPieces(input: Input): AsyncGenerator<string> {
  let blanks = 0;
  let begun = false;
  for await (const text of textPieces(input)) {
    if (!begun) {
      const start = text.trimStart();
      begun = start !== "";
      blanks += text.length;
      if (begun && !/^[-{["\dtfn]/.test(start)) parseJson(text.slice(0, text.length - start.length + 1), input.name);
      if (!begun && blanks > MOST_BLANKS)
        throw new InputError(`it begins with more than ${MOST_BLANKS} blanks; expected a JSON document`, { file: input.name });
    }
    yield text;
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
