/** Words to the user beside the data. */
import { cleanText } from "../cleanText.ts";
import { manner } from "./manner.ts";

/** Prints one line to standard error, unless --quiet. */
export function warn(message: string): void {
  if (!manner().quiet) process.stderr.write(`lazarus: ${cleanText(message)}\n`);
}

/** Prints one line to standard error, --quiet or not: why the exit code is not 0. */
export function complain(message: string): void {
  process.stderr.write(`lazarus: ${cleanText(message)}\n`);
}

/** Prints one line to standard error with --verbose. */
export function inform(message: string): void {
  if (manner().verbose) process.stderr.write(`lazarus: ${cleanText(message)}\n`);
}
