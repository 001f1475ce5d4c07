/**
 * Most test files share a thread's modules: reading them anew for each file takes longer than most tests. Those that replace modules
 * or watch the memory of their process have a process of their own.
 */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { setFlagsFromString } from "node:v8";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

const root = fileURLToPath(new URL("..", import.meta.url));
const apart = readdirSync(`${root}test`, { recursive: true, encoding: "utf8" })
  .map((name) => `test/${name.replaceAll("\\", "/")}`)
  .filter((file) => file.endsWith(".test.ts") && /vi\.mock\(|memoryUsage|cpuUsage/.test(readFileSync(`${root}${file}`, "utf8")));

// As in bin/lazarus.js: Node.js 20 optimises too early, which takes a tenth of the tests' time. Threads share the flag, processes are told.
const late = process.version.startsWith("v20.") ? ["--interrupt-budget=270000"] : [];
for (const flag of late) setFlagsFromString(flag);

/** Short files that take long, and would be the last ones by their size: nothing may be left to run beside them then. */
const LONG = ["cli/walkThroughs", "package/packed", "placement/laws", "cli/screens", "fuzz/inputs", "claims/binaryReaders"];

class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isLong = ({ moduleId }: TestSpecification) => LONG.some((name) => moduleId.endsWith(`test/${name}.test.ts`));
    const rank = (file: TestSpecification) => (file.project.name === "apart" ? 0 : isLong(file) ? 1 : 2);
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b));
  }
}

const settings = { setupFiles: ["test/setup.ts"], testTimeout: 120_000, hookTimeout: 120_000, maxWorkers: "100%" };

export default defineConfig({
  root,
  test: {
    maxWorkers: "100%",
    sequence: { sequencer: LongFirst },
    projects: [
      { root, test: { ...settings, name: "apart", include: apart, execArgv: late } },
      {
        root,
        test: { ...settings, name: "together", include: ["test/**/*.test.ts"], exclude: apart, pool: "threads", isolate: false },
      },
    ],
  },
});
