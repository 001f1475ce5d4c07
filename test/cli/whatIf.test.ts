/** What other machines would do, and how a job is laid out: by the options. */
import { expect, test } from "vitest";
import { modelSize } from "../../src/core/cost/modelSize.ts";
import type { SimulationDocument } from "../../src/formats/documents/simulation.ts";
import { inProcess } from "../support/inProcess.ts";
import { gptS } from "../support/simulation.ts";

async function simulated(...words: string[]): Promise<SimulationDocument> {
  const { code, stdout } = await inProcess(["simulate", "--load-spread", "0.5", ...words]);
  expect(code).toBe(0);
  return JSON.parse(stdout.split("\n")[0]!) as SimulationDocument;
}

test("--what-if says what a run with the change reaches on the same failures", async () => {
  const job = ["-n", "8", "--mtbf", "20m", "--repair", "1h", "--duration", "2h", "--systems", "lazarus,ds", "--seed", "3"];
  const { whatIf = [] } = await simulated(...job, "--spares", "1", "--what-if");
  const changes: [string, string[]][] = [
    ["one spare more", ["--spares", "2"]],
    ["a store twice as fast", ["--spares", "1", "--store-bandwidth", "0.9GB/s"]],
    ["a slot more on every GPU", ["--spares", "1", "--slots", "7"]],
  ];
  expect(whatIf.map(({ change }) => change)).toEqual(changes.map(([change]) => change));
  for (const [i, [, words]] of changes.entries()) {
    const { runs } = await simulated(...job, ...words);
    expect(whatIf[i]!.runs).toEqual(runs.map(({ system, samplesPerSecond }) => ({ system, samplesPerSecond })));
  }
});

test("--checkpoint-every auto is Young and Daly's, in whole seconds", async () => {
  const job = ["-n", "8", "--mtbf", "4h", "--duration", "1h", "--model", "gpt-s", "--systems", "ds,lazarus"];
  const { parameters } = await simulated(...job, "--checkpoint-every", "auto");
  const [pause, between] = [10 + (14 * modelSize(gptS).total) / 0.45e9, 4 * 3600];
  const seconds = [between, between ** 2 / 30].map((mean) => Math.round(Math.sqrt(2 * pause * mean)));
  expect(parameters["checkpoint-every"]).toBe(`ds=${seconds[0]}s,lazarus=${seconds[1]}s`);
});

test("a layout is echoed whole, as many pipelines as the nodes hold", async () => {
  const words = ["--model", "deepseek-v3", "--hardware", "h800", "-n", "40", "--pp", "2", "--ep", "64", "--duration", "10m"];
  const { parameters, runs } = await simulated(...words, "--systems", "ds,hybrid", "--global-batch", "960", "--overlap", "0.5");
  expect(parameters).toMatchObject({ tp: 8, pp: 2, ep: 64, dp: 16, "global-batch": 960, overlap: 0.5 });
  expect(parameters).not.toHaveProperty("gradient-accumulation");
  for (const { samples, steps, stepParts } of runs) {
    expect(samples).toBe(960 * steps);
    expect(stepParts.bubble).toBeGreaterThan(0);
  }
});

test.each([
  [["-n", "8", "--pp", "3", "--ep", "16"], /3 stages of 16 GPUs need 48 nodes, there are 8/],
  [["-n", "8", "--pp", "2", "--ep", "1", "--dp", "5"], /--dp 5: so many pipelines need 10 nodes, there are 8; at most 4 fit/],
  [["--trace", "x.csv", "--pp", "2"], /pass --dp PIPELINES or --nodes N/],
  [["-n", "8", "--global-batch", "64", "--gradient-accumulation", "2"], /both say how many micro-batches/],
  [["-n", "8", "--pp", "2", "--ep", "2", "--systems", "recycle"], /cannot serve expert-parallel layers/],
  [["-n", "8", "--systems", "hybrid"], /pass --pp STAGES/],
  [["-n", "8", "--pp", "2", "--ep", "1"], /with --pp simulate hybrid/],
])("%j is refused in one line", async (words, message) => {
  const { code, stdout, stderr } = await inProcess(["simulate", "--load-spread", "1", "--duration", "1m", ...words]);
  expect(stderr).toMatch(/^lazarus: [^\n]+\n$/);
  expect(stderr).toMatch(message);
  expect(code).not.toBe(0);
  expect(stdout).toBe("");
});
