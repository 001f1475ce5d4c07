/** The README's sweeps, run by stand-ins for Slurm and GNU parallel that do a few of their tasks. */
import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { root } from "../support/lazarus.ts";

let folder = "";
const at = (name: string) => join(folder, name);
const readme = readFileSync(`${root}README.md`, "utf8");
const TASKS = [0, 1, 999];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "lazarus-sweep-"));
  mkdirSync(at("bin"));
  const program = (name: string, text: string) => {
    writeFileSync(at(`bin/${name}`), text);
    chmodSync(at(`bin/${name}`), 0o755);
  };
  program("lazarus", `#!/bin/sh\nexec "${process.execPath}" "${root}bin/lazarus.js" "$@"\n`);
  // Runs the first, second and last task of the array that the script asks for.
  program(
    "sbatch",
    `#!/bin/sh
last=$(sed -n 's/^#SBATCH .*--array=0-\\([0-9]*\\).*/\\1/p' "$1")
for SLURM_ARRAY_TASK_ID in 0 1 "$last"; do export SLURM_ARRAY_TASK_ID; bash "$1" || exit 1; done
`,
  );
  // Fills {} with the first, second and last of what follows ":::".
  program(
    "parallel",
    `#!/bin/bash
while [ "\${1#--}" != "$1" ]; do [ "$1" = --joblog ] && shift; shift; done
command=$1; shift 2
for value in "$1" "$2" "\${!#}"; do eval "\${command//\\{\\}/$value}" || exit 1; done
`,
  );
  copyFileSync(`${root}fixtures/routing.csv`, at("routing.csv"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function shell(command: string) {
  const env = { ...process.env, PATH: `${at("bin")}:${process.env["PATH"]}` };
  const { status, stdout, stderr } = spawnSync("bash", ["-c", command], { cwd: folder, env, encoding: "utf8" });
  expect(stderr).not.toMatch(/lazarus: (?!routing)/);
  expect(status).toBe(0);
  return stdout;
}

const runs = () => readdirSync(folder).filter((name) => /^run-\d+\.json$/.test(name));
const clean = () => {
  for (const name of runs()) rmSync(at(name));
};
const summarise = () => /lazarus simulate --summarize run-\*\.json --format table/.exec(readme)![0];

test("a Slurm array: one trial a task, and the joint table", () => {
  clean();
  writeFileSync(at("sweep.sh"), /#!\/bin\/bash\n#SBATCH[^`]*/.exec(readme)![0]);
  shell("sbatch sweep.sh");
  expect(runs().sort()).toEqual(TASKS.map((task) => `run-${task}.json`).sort());
  const seeds = runs().map((name) => (JSON.parse(readFileSync(at(name), "utf8")) as { seed: number }).seed);
  expect(seeds.sort((a, b) => a - b)).toEqual(TASKS);
  expect(shell(summarise())).toContain("means of 3 trials");
});

test("GNU parallel: the same thousand trials on the cores of one machine", () => {
  clean();
  shell(/^parallel [^\n]*$/m.exec(readme)![0]);
  expect(runs().sort()).toEqual(TASKS.map((task) => `run-${task}.json`).sort());
  expect(shell(summarise())).toContain("means of 3 trials");
});
