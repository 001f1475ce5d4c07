/** Runs the program inside the test's own process: for cases that are many, and not about processes. */
import { Readable } from "node:stream";
import { vi } from "vitest";
import { main } from "../../src/cli.ts";
import type { Run } from "./lazarus.ts";

/**
 * Runs a command line.
 * @param input what standard input holds
 */
export async function inProcess(words: readonly string[], input: string | Uint8Array = ""): Promise<Run> {
  const printed = { stdout: "", stderr: "" };
  const spies = (["stdout", "stderr"] as const).map((name) =>
    vi.spyOn(process[name], "write").mockImplementation(((text: string | Uint8Array, ...rest: unknown[]) => {
      printed[name] += typeof text === "string" ? text : Buffer.from(text).toString();
      const callback = rest.at(-1);
      if (typeof callback === "function") callback();
      return true;
    }) as typeof process.stdout.write),
  );
  const stdin = vi.spyOn(process, "stdin", "get").mockReturnValue(standardInput(input));
  process.stdout.setMaxListeners(0); // A run listens until the process ends, and here many runs share one.
  try {
    return { code: await main(words), ...printed };
  } finally {
    for (const spy of [...spies, stdin]) spy.mockRestore();
  }
}

/** Pipes one program into the next; the first that fails ends it, as with `set -o pipefail`. */
export async function inProcessPipe(...commands: readonly string[]): Promise<Run> {
  let run: Run = { code: 0, stdout: "", stderr: "" };
  for (const command of commands) {
    const { stderr } = run;
    run = await inProcess(command.split(" "), run.stdout);
    run = { ...run, stderr: stderr + run.stderr };
    if (run.code !== 0) break;
  }
  return run;
}

function standardInput(input: string | Uint8Array): typeof process.stdin {
  return Readable.from(input.length === 0 ? [] : [Buffer.from(input)]) as typeof process.stdin;
}
