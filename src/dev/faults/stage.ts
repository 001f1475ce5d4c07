/** Where faults are tried: a folder with inputs, the command lines that write a file, and what they write when nothing goes wrong. */
import { type ChildProcess, type SpawnOptions, spawn, spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const program = fileURLToPath(new URL("../../bin/lazarus.js", import.meta.url));

/** A row of the table: how often a fault was tried, and what was wrong. */
export interface Row {
  readonly fault: string;
  readonly runs: number;
  /** Files that are neither the old nor the new one. */
  readonly half: number;
  /** Files or processes that nobody asked for; undefined where nothing can clean up. */
  readonly left: number | undefined;
  /** Runs that ended otherwise than they should: another exit code, more than a line, a trace, or never. */
  readonly odd: number;
  readonly note?: string;
}

/** Folder, inputs, and whole results by command. */
export interface Stage {
  readonly folder: string;
  readonly commands: Readonly<Record<string, readonly string[]>>;
  readonly whole: Readonly<Record<string, string>>;
}

/** Longest run that is not a hang, in milliseconds. */
const PATIENCE = 60_000;

/** Makes inputs and runs every command once. */
export function prepared(): Stage {
  const folder = mkdtempSync(join(tmpdir(), "lazarus-faults-"));
  const at = (name: string) => join(folder, name);
  mkdirSync(at("out"));
  copyFileSync(fileURLToPath(new URL("../../fixtures/routing.csv", import.meta.url)), at("log.csv"));
  const run = (...words: string[]) => {
    const { status, stderr } = spawnSync(process.execPath, [program, ...words], { encoding: "utf8" });
    if (status !== 0) throw new Error(`lazarus ${words.join(" ")}: ${stderr}`);
  };
  run("profile-load", at("log.csv"), "-o", at("profile"));
  run("profile-load", at("log.csv"), "--every", "1", "-o", at("profiles"));
  run("place", at("profiles"), "-n", "200", "-c", "6", "--placement", "mro", "-q", "-o", at("placements"));
  const commands = {
    "profile-load": ["profile-load", at("log.csv"), "--every", "1"],
    place: ["place", at("profiles"), "-n", "200", "-c", "6", "--placement", "mro", "-q"],
    "dispatch-plan": ["dispatch-plan", at("placements"), "-q"],
    recover: ["recover", at("placements"), "--failed", "node3", "-q"],
    simulate: ["simulate", at("log.csv"), "-n", "10", "--mtbf", "5m", "--duration", "8h", "--trials", "40", "-q"],
  };
  const whole = Object.fromEntries(
    Object.entries(commands).map(([name, words]) => {
      run(...words, "-o", at("whole"));
      return [name, readFileSync(at("whole"), "utf8")];
    }),
  );
  return { folder, commands, whole };
}

/** Removes it again. */
export function cleared({ folder }: Stage): void {
  rmSync(folder, { recursive: true, force: true });
}

/** How a run ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
  readonly hung: boolean;
}

/** Starts the program. */
export function started(words: readonly string[], options: SpawnOptions = {}): { child: ChildProcess; ended: Promise<Ended> } {
  const child = spawn(process.execPath, [program, ...words], { stdio: ["ignore", "ignore", "pipe"], ...options });
  let stderr = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  let hung = false;
  const timer = setTimeout(() => {
    hung = true;
    child.kill("SIGKILL");
  }, PATIENCE);
  const ended = new Promise<Ended>((resolve) => {
    child.once("close", (code, signal) => {
      clearTimeout(timer);
      resolve({ code, signal, stderr, hung });
    });
  });
  return { child, ended };
}

/** Whether a run ended in order: with this code, and one line when that is not 0. */
export function inOrder({ code, stderr, hung }: Ended, wanted: readonly number[]): boolean {
  if (hung || code === null || !wanted.includes(code) || /this is a bug|\n {4}at /.test(stderr)) return false;
  return code === 0 || /^lazarus: [^\n]+\n$/.test(stderr);
}

/** Files of a folder beside those that belong there. */
export function leftIn(folder: string, expected: readonly string[] = []): number {
  return readdirSync(folder).filter((name) => !expected.includes(name)).length;
}

/** What a file holds; nothing when there is none. */
export function contentOf(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
