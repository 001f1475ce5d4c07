import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { studentPoint } from "../../src/core/simulation/meanInterval.ts";
import type { SimulationDocument } from "../../src/formats/documents/simulation.ts";
import { inProcess } from "../support/inProcess.ts";

let folder = "";
const at = (name: string) => join(folder, name);
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "lazarus-cases-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function simulated(...words: string[]) {
  const { code, stdout, stderr } = await inProcess(["simulate", ...words]);
  expect(stderr).not.toMatch(/bug/);
  expect(code).toBe(0);
  return { document: JSON.parse(stdout.split("\n")[0]!) as SimulationDocument, stderr };
}

const runOf = async (...words: string[]) => (await simulated("--load-spread", "0.5", ...words)).document.runs[0]!;
const nodes = (count: number) => Array.from({ length: count }, (_, node) => `0,add,a${node}\n`).join("");

test("a node replaced in the tick in which it fails counts as one replaced a moment later", async () => {
  const swap = async (delay: number) => {
    writeFileSync(at("swap.csv"), `${nodes(8)}600000,remove,a0\n${600_000 + delay},add,z\n`);
    return runOf("--trace", at("swap.csv"), "--duration", "1h", "--systems", "lazarus", "--timeline", at("swap-timeline.csv"));
  };
  const [same, later] = [await swap(0), await swap(1)];
  expect(Math.abs(same.samples / later.samples - 1)).toBeLessThan(0.001);
  expect(readFileSync(at("swap-timeline.csv"), "utf8").trimEnd().split("\n").at(-1)).toMatch(/^lazarus,3600,8,/);
  const repaired = async (repair: string) =>
    runOf("-n", "8", "--mtbf", "10m", "--repair", repair, "--duration", "1h", "--systems", "lazarus");
  expect((await repaired("0s")).failures).toBe((await repaired("1ms")).failures);
});

test.each(["ds", "tutel"])("a planned restart of %s saves first and loses no step", async (system) => {
  const joins = Array.from({ length: 8 }, (_, node) => `1000000,add,b${node}\n`).join("");
  writeFileSync(at("join.csv"), nodes(8) + joins);
  const run = await runOf("--trace", at("join.csv"), "--duration", "1h", "--systems", system, "--checkpoint-every", "900s");
  expect([run.failures, run.restarts, run.lostSteps, run.lostComputeSeconds]).toEqual([0, 1, 0, 0]);
});

test("nodes without events are there when -n says how many nodes there are, and a line asks for it otherwise", async () => {
  const times = ["2026-01-01T01:00:00|2026-01-01T01:05:00", "2026-01-01 01:00:00|2026-01-01 01:05:00", "1767229200|1767229500"];
  for (const time of times) {
    writeFileSync(
      at("events.txt"),
      `Cluster|Node Name|TimeStart|TimeEnd|State|Reason|User\nc|n1|${time}|DOWN*|x|root\nc|n2|2026-01-01T02:00:00|2026-01-01T02:10:00|DOWN|x|root\n`,
    );
    const words = ["--load-spread", "0.5", "--trace", at("events.txt"), "--duration", "2h", "--systems", "lazarus"];
    const { document } = await simulated(...words, "-n", "8", "--timeline", at("events.csv"));
    const rows = readFileSync(at("events.csv"), "utf8").split("\n");
    expect(rows[1]).toMatch(/^lazarus,0,8,[^,]+,start,8,0$/);
    expect(document.runs[0]!.failures).toBe(2);
    expect((await simulated(...words)).stderr).toMatch(/names only nodes that had events; pass -n/);
  }
});

test("a trial that comes again counts once, and one that differs is refused", async () => {
  const trials = (
    await inProcess([
      "simulate",
      "--load-spread",
      "0.5",
      "-n",
      "8",
      "--mtbf",
      "20m",
      "--duration",
      "1h",
      "--systems",
      "ds",
      "--trials",
      "2",
    ])
  ).stdout;
  const again = await inProcess(["simulate", "--summarize", "--format", "table"], trials.repeat(3));
  expect(again.stdout).toContain("means of 2 trials");
  expect(again.stderr).toMatch(/4 trials are there again/);
  const other = trials.replace(/"samples":\d+/, '"samples":1');
  const { code, stderr } = await inProcess(["simulate", "--summarize"], trials + other);
  expect(code).toBe(2);
  expect(stderr).toMatch(/two trials with seed 0 and the same parameters differ/);
});

test("Student's t at every number of trials", () => {
  // Published two-sided 95 % points.
  const points: [number, number][] = [
    [1, 12.706],
    [30, 2.042],
    [31, 2.0395],
    [40, 2.021],
    [60, 2.0003],
    [120, 1.9799],
    [1000, 1.9623],
  ];
  for (const [degrees, point] of points) expect(Math.abs(studentPoint(degrees) - point)).toBeLessThan(5e-4);
});

test("a checkpoint that a failure aborts is taken again at once, whether time or steps make it due", async () => {
  for (const every of ["900s", "1060"]) {
    const file = at("aborted.csv");
    await runOf(
      "-n",
      "12",
      "--failures",
      "930s:0",
      "--duration",
      "40m",
      "--systems",
      "ds-ft",
      "--checkpoint-every",
      every,
      "--timeline",
      file,
    );
    const rows = readFileSync(file, "utf8")
      .split("\n")
      .map((row) => row.split(","));
    const begun = rows.filter((row) => row[4] === "checkpoint").map((row) => Number(row[1]));
    expect(begun[0]).toBeGreaterThan(840);
    expect(begun[0]).toBeLessThan(930);
    // The reconfiguration takes 30 s.
    expect(begun[1]).toBeGreaterThanOrEqual(930);
    expect(begun[1]).toBeLessThan(970);
  }
});

test("DeepSeek-V3 synchronises its gradients, the more the more nodes there are and the less the longer they add up", async () => {
  const syncOf = async (...words: string[]) => {
    const job = [
      "--model",
      "deepseek-v3",
      "--hardware",
      "h200",
      "--duration",
      "10m",
      "--systems",
      "lazarus",
      "--rebalance-every",
      "none",
    ];
    const { stepParts } = (await simulated("--load-spread", "0", ...job, ...words)).document.runs[0]!;
    return [stepParts.denseSync, stepParts.expertSync] as const;
  };
  const [few, many, seldom] = [
    await syncOf("-n", "8"),
    await syncOf("-n", "64"),
    await syncOf("-n", "64", "--gradient-accumulation", "120"),
  ];
  // Every expert has a single copy on 8 nodes.
  expect(few[0]).toBeGreaterThan(0);
  expect(few[1]).toBe(0);
  expect(many[0] / few[0]).toBeCloseTo(63 / 64 / (7 / 8), 9);
  expect(many[1]).toBeGreaterThan(0.005);
  expect(many[1] / seldom[1]).toBeCloseTo(2, 9);
});

test("one profile stands for all steps", async () => {
  const profile = (await inProcess(["profile-load", "fixtures/routing.csv", "--window", "last:10"])).stdout;
  writeFileSync(at("profile.json"), profile);
  const { document } = await simulated(
    at("profile.json"),
    "--model",
    "gpt-s",
    "-n",
    "10",
    "--duration",
    "10m",
    "--systems",
    "lazarus",
  );
  expect(document.runs[0]!.samples).toBeGreaterThan(0);
});

test("resilient does not fall below lazarus on DeepSeek-V3 with two slots a GPU", async () => {
  const words = [
    "--model",
    "deepseek-v3",
    "--hardware",
    "h200",
    "-c",
    "16",
    "-n",
    "64",
    "--duration",
    "20m",
    "--systems",
    "lazarus,resilient",
  ];
  const { document } = await simulated("--load-spread", "1", ...words);
  const [lazarus, resilient] = document.runs.map(({ samplesPerSecond }) => samplesPerSecond) as [number, number];
  expect(resilient).toBeGreaterThan(0.99 * lazarus);
});
