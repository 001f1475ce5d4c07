import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { SimulationDocument } from "../../src/formats/documents/simulation.ts";
import gptS from "../../src/formats/presets/gpt-s.json" with { type: "json" };
import { inProcess } from "../support/inProcess.ts";
import { root, shell } from "../support/lazarus.ts";

let folder = "";
const at = (name: string) => join(folder, name);
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "lazarus-simulate-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const job = ["fixtures/routing.csv", "--model", "gpt-s", "-n", "10", "--fail-every", "1m", "--duration", "6m"];
const shortJob = ["--load-spread", "1", "--model", "gpt-s", "-n", "4", "--systems", "ds", "--duration", "1m"];

function documents(text: string): SimulationDocument[] {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}

test("one document a trial, each of which a run with its seed repeats byte for byte", async () => {
  const { code, stdout } = await inProcess(["simulate", ...job, "--trials", "3", "--seed", "4"]);
  expect(code).toBe(0);
  const lines = stdout.trimEnd().split("\n");
  expect(documents(stdout).map(({ seed }) => seed)).toEqual([4, 5, 6]);
  expect((await inProcess(["simulate", ...job, "--seed", "5"])).stdout).toBe(`${lines[1]}\n`);
  const [first] = documents(stdout);
  expect(first?.runs.map(({ system }) => system)).toEqual(["lazarus", "ds-ft", "ds"]);
  expect(first?.seconds).toBe(360);
  expect(first?.program).toMatch(/^lazarus \d/);
  expect(first?.parameters).toMatchObject({ model: "gpt-s", hardware: "rtx3090", nodes: 10, "fail-every": 60, keep: 5 });
});

test("timeline and plot of the first trial; rows for csv; a table for people", async () => {
  const files = ["--timeline", at("timeline.csv"), "--plot", at("plot.svg")];
  const { code, stdout } = await inProcess(["simulate", ...job, ...files, "--format", "csv"]);
  expect(code).toBe(0);
  expect(stdout.split("\n")[0]).toBe(
    "seed,system,samples,steps,samplesPerSecond,computeSeconds,checkpointSeconds,restartSeconds,reconfigureSeconds,rebalanceSeconds,idleSeconds,failures,recoveries,restarts,lostSteps,lostComputeSeconds,stepOverheadSeconds,stepDenseSeconds,stepDenseSyncSeconds,stepExpertsSeconds,stepAllToAllSeconds,stepExpertSyncSeconds,stepBubbleSeconds,seconds,program,parameters",
  );
  expect(stdout.trimEnd().split("\n")).toHaveLength(4);
  const timeline = readFileSync(at("timeline.csv"), "utf8").split("\n");
  expect(timeline[0]).toBe("system,second,nodes,samplesPerSecond,event,training,samples");
  expect(timeline.filter((row) => /^lazarus,\d+,\d+,0,failure,/.test(row))).toHaveLength(5);
  const svg = readFileSync(at("plot.svg"), "utf8");
  expect(svg).toMatch(/^<svg.*<\/svg>\s*$/s);
  for (const label of ["samples a second", "Samples trained", "ds-ft"]) expect(svg).toContain(label);
  const { stdout: table } = await inProcess(["simulate", ...job, "--format", "table", "--trials", "2"]);
  expect(table).toContain("over lazarus");
  expect(table).toContain("all-to-all");
});

test("summarize adds up documents from anywhere and keeps different settings apart", async () => {
  for (const seed of [0, 1]) await inProcess(["simulate", ...job, "--seed", String(seed), "-o", at(`run${seed}`)]);
  await inProcess(["simulate", ...job, "--slots", "4", "-o", at("run2")]);
  const runs = ["run0", "run1", "run2"].map((name) => readFileSync(at(name), "utf8")).join("");
  const words = ["simulate", "--summarize", "--format", "table", "--plot", at("summary.svg")];
  const { code, stdout } = await inProcess(words, runs);
  expect(code).toBe(0);
  expect(stdout.match(/means of 2 trials/g)).toHaveLength(1);
  expect(stdout.match(/one trial/g)).toHaveLength(1);
  expect(readFileSync(at("summary.svg"), "utf8")).toContain("slots 4");
});

test("resilient takes part when it is named, and says what failures it plans for unless other options do", async () => {
  const asked = async (...words: string[]) => {
    const { code, stdout } = await inProcess([
      "simulate",
      "fixtures/routing.csv",
      "--model",
      "gpt-s",
      "-n",
      "6",
      "--duration",
      "5m",
      ...words,
    ]);
    expect(code).toBe(0);
    return documents(stdout)[0]?.parameters["expected-mtbf"];
  };
  const systems = ["--systems", "resilient"];
  expect(await asked(...systems)).toBe(3600);
  expect(await asked(...systems, "--mtbf", "30m")).toBeUndefined();
  expect(await asked(...systems, "--mtbf", "30m", "--expected-mtbf", "1h")).toBe(3600);
  expect(await asked("--expected-mtbf", "1h")).toBeUndefined();
});

test("every kind of failure, and files for model and hardware", async () => {
  writeFileSync(at("model.json"), JSON.stringify({ ...gptS, name: "mine", slotsPerNode: 4 }));
  writeFileSync(at("trace.csv"), "0,add,a\n0,add,b\n0,add,c\n0,add,d\n60000,remove,b\n90000,add,e\n");
  const base = ["simulate", "--load-spread", "1", "--model", at("model.json")];
  const failures = async (words: string[], duration = "10m") =>
    documents((await inProcess([...base, "--duration", duration, ...words])).stdout)[0]?.runs[0]?.failures;
  expect(await failures(["-n", "4"])).toBe(0);
  expect(await failures(["-n", "4", "--failures", "1m:3,2m:0"])).toBe(2);
  expect(await failures(["--trace", at("trace.csv")])).toBe(1);
  expect(await failures(["-n", "6", "--mtbf", "1m", "--repair", "30s"])).toBeGreaterThan(2);
  // Within the hour every node goes; the last ones go from a job that has no node to run on.
  expect(await failures(["-n", "6", "--preemption-probability", "1"], "1h")).toBeGreaterThan(2);
});

test.each([
  [["-n", "4"], /when does the job end/],
  [["--duration", "1m"], /how many nodes/],
  [["-n", "4", "--duration", "1m", "--mtbf", "1m", "--trace", "x"], /--trace and --mtbf both say/],
  [["-n", "4", "--duration", "1m", "--failures", "1m:4"], /there is no node 4/],
  [["-n", "4", "--duration", "1m", "--failures", "soon"], /expected TIME:NODE/],
  [["-n", "4", "--duration", "1m", "--systems", "ds,megatron"], /expected names between commas/],
  [["-n", "4", "--duration", "1m", "--checkpoint-every", "megatron=5"], /expected SYSTEM=INTERVAL/],
  [["-n", "4", "--duration", "1m", "--repair", "1m"], /--repair needs --mtbf/],
  [["-n", "4", "--duration", "1m", "--what-if", "--format", "csv"], /CSV has no columns for it; ask for --format json or table/],
  [["-n", "8", "--duration", "1m", "--model", "deepseek-v3"], /lacks fp8Flops/],
  [["-n", "4", "--duration", "1m", "--model", "gpt-5"], /gpt-5/],
])("%j is refused in one line", async (words, message) => {
  const { code, stdout, stderr } = await inProcess(["simulate", "--load-spread", "1", ...words]);
  expect(stderr).toMatch(/^lazarus: [^\n]+\n$/);
  expect(stderr).toMatch(message);
  expect(stdout).toBe("");
  expect(code).toBeGreaterThan(0);
});

const parallel = spawnSync("parallel", ["--version"], { encoding: "utf8" }).status === 0;

describe.skipIf(!parallel)(`GNU parallel${parallel ? "" : " (skipped: `parallel` is not installed)"}`, () => {
  test("sweeps seeds and slots, and resumes where it was cut off", () => {
    const command = `${process.execPath} ${root}bin/lazarus.js simulate ${shortJob.join(" ")} --seed {1} --slots {2} -o ${at("sweep-{1}-{2}.ndjson")}`;
    const sweep = (seeds: string) =>
      shell(`parallel --will-cite --joblog ${at("joblog")} --resume '${command}' ::: ${seeds} ::: 4 6`);
    expect(sweep("0 1").code).toBe(0);
    const before = readFileSync(at("joblog"), "utf8").trimEnd().split("\n");
    expect(before).toHaveLength(1 + 4);
    expect(sweep("0 1 2").code).toBe(0);
    const after = readFileSync(at("joblog"), "utf8").trimEnd().split("\n");
    expect(after).toHaveLength(1 + 6);
    expect(after.slice(0, 5)).toEqual(before);
    expect(after.slice(1).every((row) => row.split("\t")[6] === "0")).toBe(true);
    expect(existsSync(at("sweep-2-6.ndjson"))).toBe(true);
    const { stdout } = shell(`cat ${at("sweep-")}*.ndjson | lazarus simulate --summarize --format table`);
    expect(stdout.match(/means of 3 trials/g)).toHaveLength(2);
  });
});
