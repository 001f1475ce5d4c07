/** Words to the user beside the data. */

/** Prints one line to standard error. */
export function warn(message: string): void {
  process.stderr.write(`lazarus: ${message}\n`);
}
