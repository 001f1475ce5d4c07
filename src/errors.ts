/** The errors that users cause and can mend. Everything else that is thrown is a bug. */
import { cleanText } from "./cleanText.ts";

/** Longest piece of input that an error message repeats, in characters. */
const SHOWN_CHARACTERS = 40;

/** Where in the input the trouble is; lines and columns count from 1, a column is a character position in its line. */
export interface InputPosition {
  /** File name as the user gave it; "-" for standard input. */
  readonly file: string;
  readonly line?: number | undefined;
  readonly column?: number | undefined;
}

/**
 * Bad input. The message is one line: what was found, what was expected, what to do. It does not name the file:
 * whoever prints it puts `location` in front.
 */
export class InputError extends Error {
  readonly file: string;
  readonly line?: number;
  readonly column?: number;

  constructor(message: string, position: InputPosition) {
    super(cleanText(message));
    this.name = "InputError";
    this.file = position.file;
    if (position.line !== undefined) this.line = position.line;
    if (position.column !== undefined) this.column = position.column;
  }

  /** The same complaint about a line that only the caller knows. */
  onLine(line: number): InputError {
    return this.line === undefined ? new InputError(this.message, { file: this.file, line }) : this;
  }

  /** `FILE`, `FILE:LINE` or `FILE:LINE:COLUMN`, as compilers write it. */
  get location(): string {
    const parts: (string | number)[] = [cleanText(this.file)];
    if (this.line !== undefined) {
      parts.push(this.line);
      if (this.column !== undefined) parts.push(this.column);
    }
    return parts.join(":");
  }
}

/** A piece of input as a message shows it: quoted, control characters escaped, long ones cut. */
export function quoteInput(text: string): string {
  const characters = Array.from(text.slice(0, 2 * SHOWN_CHARACTERS + 2));
  if (characters.length <= SHOWN_CHARACTERS) return cleanText(JSON.stringify(text));
  return cleanText(JSON.stringify(`${characters.slice(0, SHOWN_CHARACTERS).join("")}…`));
}

/** A name in a message, without quotation marks: cut when it is long. */
export function shownName(name: string): string {
  const characters = Array.from(name.slice(0, 2 * SHOWN_CHARACTERS + 2));
  return cleanText(characters.length <= SHOWN_CHARACTERS ? name : `${characters.slice(0, SHOWN_CHARACTERS - 1).join("")}…`);
}

/** A command line that cannot be carried out (exit 2). */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** A file or pipe that cannot be read or written (exit 1). */
export class IoError extends Error {
  override readonly name = "IoError";
}

/** Something that does not work on this machine; the message says why, and what to do (exit 1). */
export class MachineError extends Error {
  override readonly name: string = "MachineError";
}

/** The reader of our output went away, as `head` does: not an error, only the end (exit 0). */
export class OutputClosed extends Error {
  override readonly name = "OutputClosed";
}
