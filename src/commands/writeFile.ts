/** Files beside the result. */
import { openOutput } from "../io/output.ts";

/** Writes a file whole or not at all. */
export async function writeFile(file: string, pieces: Iterable<string>): Promise<void> {
  const output = openOutput(file);
  try {
    for (const piece of pieces) await output.write(piece);
    await output.finish();
  } catch (error) {
    output.abandon();
    throw error;
  }
}
