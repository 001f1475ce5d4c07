/** What every check needs: the Python programs, `lazarus`, and a folder for files. */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { DRIVERS, type Environment } from "./environment.ts";

/** One line of the table. */
export interface Outcome {
  readonly peer: string;
  readonly version: string;
  readonly case: string;
  /** `refused`: lazarus does not take the file and says so; nothing is read wrong. */
  readonly result: "same" | "refused" | "differs";
  readonly reason: string;
}

/** What a Python program says about one case: its value, or the peer's exception. */
export type Answer<T> = { readonly value: T } | { readonly error: string };

/** What a run of `lazarus` left. */
export interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Programs to run and a folder for their files. */
export class Workplace {
  readonly folder: string;
  private readonly environment: Environment;

  constructor(environment: Environment, folder: string) {
    this.environment = environment;
    this.folder = folder;
  }

  /** A file in the folder. */
  path(name: string): string {
    return join(this.folder, name);
  }

  /** Writes a file and returns its path. */
  file(name: string, text: string): string {
    writeFileSync(this.path(name), text);
    return this.path(name);
  }

  /**
   * Asks a Python program about cases, all in one run.
   * @throws Error when the program itself fails
   */
  ask<T>(program: string, cases: readonly object[]): Answer<T>[] {
    const { python, sources } = this.environment;
    const { status, stdout, stderr, error } = spawnSync(python, ["-W", "ignore", join(DRIVERS, program)], {
      input: JSON.stringify(cases),
      encoding: "utf8",
      maxBuffer: 1 << 28,
      env: { ...process.env, LAZARUS_PEERS_SOURCES: sources, LAZARUS_PEERS_DUMPS: this.folder, PYTHONDONTWRITEBYTECODE: "1" },
    });
    if (status !== 0) throw new Error(`${program} failed: ${error?.message ?? stderr}`);
    return JSON.parse(stdout) as Answer<T>[];
  }

  /** Runs `lazarus`. */
  lazarus(...words: string[]): Run {
    const { status, stdout, stderr } = spawnSync(process.execPath, [resolve("bin/lazarus.js"), ...words], {
      encoding: "utf8",
      maxBuffer: 1 << 28,
    });
    return { code: status, stdout, stderr: stderr.trim() };
  }
}

/** Compares two values as JSON and says where they first differ; nothing where they are equal. */
export function difference(expected: unknown, found: unknown, path = ""): string | undefined {
  if (Array.isArray(expected) && Array.isArray(found) && expected.length === found.length) {
    for (const [i, value] of expected.entries()) {
      const at = difference(value, found[i], `${path}[${i}]`);
      if (at !== undefined) return at;
    }
    return undefined;
  }
  const [ours, theirs] = [JSON.stringify(expected), JSON.stringify(found)];
  return ours === theirs ? undefined : `${path}: expected ${ours?.slice(0, 60)}, found ${theirs?.slice(0, 60)}`;
}

/** The outcome of a comparison. */
export function compared(about: Pick<Outcome, "peer" | "version" | "case">, differs: string | undefined, same = ""): Outcome {
  return differs === undefined ? { ...about, result: "same", reason: same } : { ...about, result: "differs", reason: differs };
}

/** Judges an answer; an exception of the peer is a difference. */
export function judged<T>(
  about: Pick<Outcome, "peer" | "version" | "case">,
  answer: Answer<T> | undefined,
  judge: (value: T) => string | undefined,
): Outcome {
  if (answer === undefined) return compared(about, "no answer");
  return compared(about, "error" in answer ? answer.error : judge(answer.value));
}
