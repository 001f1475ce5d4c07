/** Runs the program inside the test's own process: for cases that are many, and not about processes. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { vi } from "vitest";
import { main } from "../../src/cli.ts";
import type { Run } from "./lazarus.ts";

/**
 * Runs a command line.
 * @param input put into a file, whose name is added to the words; none without it
 */
export async function inProcess(words: readonly string[], input?: string | Buffer): Promise<Run> {
  const folder = input === undefined ? undefined : mkdtempSync(join(tmpdir(), "lazarus-input-"));
  const printed = { stdout: "", stderr: "" };
  const spies = (["stdout", "stderr"] as const).map((name) =>
    vi.spyOn(process[name], "write").mockImplementation(((text: string | Uint8Array, ...rest: unknown[]) => {
      printed[name] += typeof text === "string" ? text : Buffer.from(text).toString();
      const callback = rest.at(-1);
      if (typeof callback === "function") callback();
      return true;
    }) as typeof process.stdout.write),
  );
  process.stdout.setMaxListeners(0); // A run listens until the process ends, and here many runs share one.
  try {
    if (folder !== undefined && input !== undefined) writeFileSync(join(folder, "input"), input);
    const code = await main(folder === undefined ? words : [...words, join(folder, "input")]);
    return { code, ...printed };
  } finally {
    for (const spy of spies) spy.mockRestore();
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  }
}
