/** A throw-away copy of the project in which tests run, so that the tree itself is never changed. */
import { type ChildProcess, spawn } from "node:child_process";
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import type { Change } from "./changes.ts";

/** How a run of tests ended; what passes the time limit loops, most likely. */
export type Outcome = "passed" | "failed" | "timed out";

/** Test files that run in one go. */
export interface TestRun {
  readonly tests: readonly string[];
  /** Most CPU seconds that they may take: other work on the machine does not count. */
  readonly seconds: number;
}

/** What the test runner writes, as far as it is read. */
interface RunnerReport {
  /** Times in milliseconds. */
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly startTime: number;
    readonly endTime: number;
  }[];
}

/** A copy of the working tree; packages are linked one by one, so that caches beside them are the copy's own. */
export class WorkCopy {
  readonly #folder = mkdtempSync(join(tmpdir(), "lazarus-mutants-"));
  #running: ChildProcess | undefined;

  constructor() {
    // gpu.js is taken as the build left it, by the tests too.
    for (const name of ["src", "test", "fixtures", "dist/gpu.cjs", "README.md", "package.json", "tsconfig.json"]) {
      cpSync(name, join(this.#folder, name), { recursive: true });
    }
    cpSync("dist/gpu.cjs", join(this.#folder, "dist/gpu.cjs")); // package.json names it as #gpu.js.
    // Looking for a smaller case that fails as well takes long.
    appendFileSync(
      join(this.#folder, "test/setup.ts"),
      "fc.configureGlobal({ ...fc.readConfigureGlobal(), endOnFailure: true });\n",
    );
    mkdirSync(join(this.#folder, "node_modules"));
    for (const name of readdirSync("node_modules").filter((entry) => entry === ".bin" || !entry.startsWith("."))) {
      symlinkSync(resolve("node_modules", name), join(this.#folder, "node_modules", name));
    }
  }

  /** Runs tests on a changed copy until the first failure. */
  async testsWith(change: Change, runs: readonly TestRun[]): Promise<Outcome> {
    const path = join(this.#folder, change.file);
    const text = readFileSync(path, "utf8");
    writeFileSync(path, text.slice(0, change.start) + change.after + text.slice(change.end));
    try {
      for (const run of runs) {
        const outcome = await this.tests(run);
        if (outcome !== "passed") return outcome;
      }
      return "passed";
    } finally {
      writeFileSync(path, text);
    }
  }

  /**
   * Runs tests until the first failure.
   * @param report file for the runner's report
   */
  tests({ tests, seconds }: TestRun, report?: string): Promise<Outcome> {
    return new Promise((settle, fail) => {
      const words = ["run", "--config", "test/vitest.config.ts", "--maxWorkers=1", "--bail=1", "--silent"];
      words.push(...(report === undefined ? ["--reporter=dot"] : ["--reporter=json", `--outputFile=${report}`]));
      const limited = ["-c", 'ulimit -t "$0"; exec "$@"', String(Math.ceil(seconds)), process.execPath];
      const child = spawn("bash", [...limited, "node_modules/vitest/vitest.mjs", ...words, ...tests], {
        cwd: this.#folder,
        stdio: "ignore",
        detached: true,
      });
      this.#running = child;
      child.on("error", fail);
      child.on("exit", (code) => {
        this.#running = undefined;
        settle(code === null ? "timed out" : code === 0 ? "passed" : "failed");
      });
    });
  }

  /** Seconds that each test file of a report took. */
  timesIn(report: string): Map<string, number> {
    return new Map(
      this.#filesIn(report).map(({ name, startTime, endTime }) => [this.#nameOf(name), (endTime - startTime) / 1000]),
    );
  }

  /** Test files of a report that failed. */
  failuresIn(report: string): string[] {
    return this.#filesIn(report).flatMap(({ name, status }) => (status === "failed" ? [this.#nameOf(name)] : []));
  }

  /** Ends what runs and removes the copy. */
  remove(): void {
    this.#stop();
    // What was just killed may still be writing.
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }

  #filesIn(report: string): RunnerReport["testResults"] {
    return (JSON.parse(readFileSync(join(this.#folder, report), "utf8")) as RunnerReport).testResults;
  }

  #nameOf(path: string): string {
    return relative(realpathSync(this.#folder), path).replaceAll("\\", "/");
  }

  #stop(): void {
    // The test runner's workers are in its group.
    if (this.#running?.pid !== undefined) process.kill(-this.#running.pid, "SIGKILL");
  }
}
