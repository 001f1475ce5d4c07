/** The sweeps of the README and of lazarus-sweeps(7), from their own texts, with stand-ins for what runs them. */
import { spawn } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { documented } from "../support/documented.ts";
import { root } from "../support/lazarus.ts";

let folder = "";
const at = (name: string) => join(folder, name);

function program(name: string, text: string): void {
  writeFileSync(at(`bin/${name}`), text);
  chmodSync(at(`bin/${name}`), 0o755);
}

/** Runs a shell in the folder; the exit code. */
function run(line: string, env: Record<string, string> = {}): Promise<number | null> {
  const path = `${at("bin")}:${process.env["PATH"]}`;
  const child = spawn("bash", ["-c", line], { cwd: folder, env: { ...process.env, PATH: path, ...env }, stdio: "ignore" });
  return new Promise((resolve) => child.on("close", resolve));
}

const runs = () => readdirSync(folder).filter((name) => /^run-.*\.json$/.test(name));
const calls = () => readFileSync(at("calls"), "utf8").trim().split("\n").filter(Boolean);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lazarus-sweeps-"));
  mkdirSync(at("bin"));
  copyFileSync(`${root}fixtures/routing.csv`, at("routing.csv"));
  writeFileSync(at("calls"), "");
  // The real program, but that it fails with 3 at the seed in FAIL, and finds /logs here.
  program(
    "lazarus",
    `#!/bin/bash
echo "$*" >> "${folder}/calls"
case " $* " in *" --seed $FAIL "*) exit 3;; esac
exec "${process.execPath}" "${root}bin/lazarus.js" "\${@/#\\/logs/${folder}}"
`,
  );
  // GNU parallel as far as the README asks, of the first jobs: rows of the log are those that are done, one that failed among them.
  program(
    "parallel",
    `#!/bin/bash
log=$2; template=$4; shift 5
failed=0 n=0
for value in "$@"; do
  n=$((n+1)); [ "$n" -le 3 ] || break
  grep -q "^$n " "$log" 2> /dev/null && continue
  bash -c "\${template//'{}'/$value}"; code=$?
  echo "$n $code" >> "$log"; [ $code = 0 ] || failed=$((failed+1))
done
exit $failed
`,
  );
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const [, sweep, summarize] = /^(parallel --joblog .*)\n(lazarus simulate --summarize .*)$/m.exec(documented)!;
const array = /#!\/bin\/bash\n#SBATCH[^`]*/.exec(documented)![0];
const [, pod] = /command: \[sh, -c, '(exec lazarus .*)'\]/.exec(documented)!;

test("parallel: twice in a row does nothing twice, a run that exits with 3 leaves the others, and all are summarised", async () => {
  expect(await run(sweep!, { FAIL: "1" })).toBe(1);
  expect(runs().sort()).toEqual(["run-0.json", "run-2.json"]);
  expect(await run(sweep!)).toBe(0);
  expect(calls()).toHaveLength(3);
  rmSync(at("sweep.log"));
  expect(await run(sweep!)).toBe(0);
  expect(runs()).toHaveLength(3);
  expect(await run(summarize!)).toBe(0);
  expect(readFileSync(at("sweep.svg"), "utf8")).toMatch(/^<svg/);
});

test.each([
  ["Slurm's array", array, "SLURM_ARRAY_TASK_ID"],
  ["Kubernetes' pod", pod!, "JOB_COMPLETION_INDEX"],
])("%s: two tasks at once, one that exits with 3 between them, the same again", async (name, script, index) => {
  const task = (seed: number, output: string) => {
    const line = name.startsWith("Slurm") ? script : `(${script}) > ${output}-${seed}.json`;
    return run(line, { [index]: String(seed), FAIL: "1" });
  };
  expect(await Promise.all([task(0, "run"), task(1, "run"), task(2, "run")])).toEqual([0, 3, 0]);
  const first = [0, 2].map((seed) => readFileSync(at(`run-${seed}.json`), "utf8"));
  for (const [i, text] of first.entries()) expect(JSON.parse(text)).toMatchObject({ type: "simulation", seed: 2 * i });
  // The same task twice at once leaves one whole result.
  if (name.startsWith("Slurm")) expect(await Promise.all([task(0, "run"), task(0, "run")])).toEqual([0, 0]);
  expect(await task(2, "run")).toBe(0);
  expect([0, 2].map((seed) => readFileSync(at(`run-${seed}.json`), "utf8"))).toEqual(first);
});
