/**
 * Most test files share a thread's modules: reading them anew for each file takes longer than most tests. Those that replace modules
 * or watch the memory of their process have a process of their own.
 */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const root = fileURLToPath(new URL("..", import.meta.url));
const apart = readdirSync(`${root}test`, { recursive: true, encoding: "utf8" })
  .map((name) => `test/${name.replaceAll("\\", "/")}`)
  .filter((file) => file.endsWith(".test.ts") && /vi\.mock\(|memoryUsage|cpuUsage/.test(readFileSync(`${root}${file}`, "utf8")));
const settings = { setupFiles: ["test/setup.ts"], testTimeout: 120_000, hookTimeout: 120_000, maxWorkers: "100%" };

export default defineConfig({
  root,
  test: {
    maxWorkers: "100%",
    projects: [
      { root, test: { ...settings, name: "apart", include: apart } },
      {
        root,
        test: { ...settings, name: "together", include: ["test/**/*.test.ts"], exclude: apart, pool: "threads", isolate: false },
      },
    ],
  },
});
