/** Runs the real program, as a user's shell would. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));
export const sharedData = fileURLToPath(new URL("../../../shared/data", import.meta.url));
/** Whether the real traces are there; tests that need them say so when they skip. */
export const haveSharedData = existsSync(sharedData);
export const withoutSharedData = "the real traces (../shared/data) are not here";

export interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `lazarus` with words as arguments. */
export function lazarus(words: readonly string[], input: string | Buffer = "", cwd = root): Run {
  const { status, stdout, stderr } = spawnSync(process.execPath, [`${root}bin/lazarus.js`, ...words], {
    input,
    cwd,
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  return { code: status, stdout, stderr };
}

/** Runs a shell line in which `lazarus` is the program. */
export function shell(line: string, cwd = root): Run {
  const script = `lazarus() { "${process.execPath}" "${root}bin/lazarus.js" "$@"; }\n${line}`;
  const { status, stdout, stderr } = spawnSync("bash", ["-c", script], { cwd, encoding: "utf8", maxBuffer: 1 << 28 });
  return { code: status, stdout, stderr };
}
