/** Files beside the result. */
import { openOutput } from "../io/output.ts";

/** Opens a file, so that one that cannot be written is known before the work. @returns what writes it, whole or not at all */
export function openFile(file: string): (pieces: Iterable<string>) => Promise<void> {
  const output = openOutput(file);
  return async (pieces) => {
    try {
      for (const piece of pieces) await output.write(piece);
      await output.finish();
    } catch (error) {
      output.abandon();
      throw error;
    }
  };
}

/** Writes a file whole or not at all. */
export function writeFile(file: string, pieces: Iterable<string>): Promise<void> {
  return openFile(file)(pieces);
}
