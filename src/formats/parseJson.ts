/** JSON text with errors that name the line. */
import { InputError } from "../errors.ts";

/**
 * Parses one JSON value.
 * @param firstLine line of the file on which the text starts
 * @throws InputError with the line where the text stops being JSON
 */
export function parseJson(text: string, file: string, firstLine = 1): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (text.trim() === "") throw new InputError("there is no input; expected a JSON document", { file, line: firstLine });
    const position = Number(
      /at position (\d+)/.exec(message)?.[1] ?? (/Unexpected end/.test(message) ? text.length : Number.NaN),
    );
    const line = Number.isNaN(position) ? firstLine : firstLine + newlines(text.slice(0, position));
    const what =
      /Unexpected end/.test(message) || position >= text.trimEnd().length ? "the JSON is cut short" : "this is not JSON";
    throw new InputError(`${what}; expected one JSON document, complete and without comments`, { file, line });
  }
}

function newlines(text: string): number {
  let count = 0;
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) count++;
  return count;
}
