/** A throw-away copy of the project in which tests run, so that the tree itself is never changed. */
import { type ChildProcess, spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Change } from "./changes.ts";

/** How a run of tests ended; what passes the time limit loops, most likely. */
export type Outcome = "passed" | "failed" | "timed out";

/** A copy of the working tree; packages are linked one by one, so that caches beside them are the copy's own. */
export class WorkCopy {
  readonly #folder = mkdtempSync(join(tmpdir(), "lazarus-mutants-"));
  #running: ChildProcess | undefined;

  constructor() {
    for (const name of ["src", "test", "fixtures", "package.json", "tsconfig.json"]) {
      cpSync(name, join(this.#folder, name), { recursive: true });
    }
    mkdirSync(join(this.#folder, "node_modules"));
    for (const name of readdirSync("node_modules").filter((entry) => entry === ".bin" || !entry.startsWith("."))) {
      symlinkSync(resolve("node_modules", name), join(this.#folder, "node_modules", name));
    }
  }

  /** Runs tests on a changed copy until the first failure. */
  async testsWith(change: Change, tests: readonly string[], seconds: number): Promise<Outcome> {
    const path = join(this.#folder, change.file);
    const text = readFileSync(path, "utf8");
    writeFileSync(path, text.slice(0, change.start) + change.after + text.slice(change.end));
    try {
      return await this.tests(tests, seconds);
    } finally {
      writeFileSync(path, text);
    }
  }

  /**
   * Runs tests until the first failure.
   * @param tests folders or files
   */
  tests(tests: readonly string[], seconds: number): Promise<Outcome> {
    return new Promise((settle, fail) => {
      const words = ["run", "--config", "test/vitest.config.ts", "--maxWorkers=1", "--bail=1", "--silent", "--reporter=dot"];
      const child = spawn(process.execPath, ["node_modules/vitest/vitest.mjs", ...words, ...tests], {
        cwd: this.#folder,
        stdio: "ignore",
        detached: true,
      });
      this.#running = child;
      let late = false;
      const limit = setTimeout(() => {
        late = true;
        this.#stop();
      }, seconds * 1000);
      child.on("error", fail);
      child.on("exit", (code) => {
        clearTimeout(limit);
        this.#running = undefined;
        settle(late ? "timed out" : code === 0 ? "passed" : "failed");
      });
    });
  }

  /** Ends what runs and removes the copy. */
  remove(): void {
    this.#stop();
    // What was just killed may still be writing.
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }

  #stop(): void {
    // The test runner's workers are in its group.
    if (this.#running?.pid !== undefined) process.kill(-this.#running.pid, "SIGKILL");
  }
}
