import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { lazarus, root } from "../support/lazarus.ts";

const nodes = spawnSync("sinfo", ["--noheader", "--responding", "--states=idle", "--format=%N"], { encoding: "utf8" });
const slurm = nodes.status === 0 && nodes.stdout.trim() !== "";

describe.skipIf(!slurm)(`Slurm${slurm ? "" : " (skipped: `sinfo` shows no idle node)"}`, () => {
  test("the README's array script runs, one task a seed", () => {
    const readme = readFileSync(`${root}README.md`, "utf8");
    const script = /#!\/bin\/bash\n#SBATCH[^`]*/.exec(readme)?.[0] as string;
    const folder = mkdtempSync(join(tmpdir(), "lazarus-slurm-"));
    try {
      writeFileSync(join(folder, "sweep.sh"), script);
      copyFileSync(`${root}fixtures/routing.csv`, join(folder, "routing.csv"));
      mkdirSync(join(folder, "bin"));
      writeFileSync(join(folder, "bin/lazarus"), `#!/bin/sh\nexec "${process.execPath}" "${root}bin/lazarus.js" "$@"\n`);
      chmodSync(join(folder, "bin/lazarus"), 0o755);
      const env = { ...process.env, PATH: `${join(folder, "bin")}:${process.env["PATH"]}` };
      const { status, stderr } = spawnSync("sbatch", ["--wait", "--array=0-2", "sweep.sh"], {
        cwd: folder,
        env,
        encoding: "utf8",
      });
      expect(stderr).toBe("");
      expect(status).toBe(0);
      const runs = readdirSync(folder).filter((name) => /^run-\d\.json$/.test(name));
      expect(runs).toHaveLength(3);
      const documents = runs.map((name) => readFileSync(join(folder, name), "utf8")).join("");
      expect(lazarus(["simulate", "--summarize", "--format", "table"], documents).stdout).toContain("means of 3 trials");
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }, 180_000); // Slurm takes its time to schedule, and longer on a busy machine.
});
