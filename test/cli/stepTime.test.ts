import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { inProcess } from "../support/inProcess.ts";

const profile = JSON.stringify({
  type: "load-profile",
  version: 1,
  window: { from: 1, to: 1, iterations: 1, method: "sum" },
  experts: 4,
  layers: [{ layer: 0, loads: [40, 30, 20, 10] }],
});
const place = (words: string) =>
  inProcess(["place", "-n", "4", "-c", "3", "--effort", "fast", "-q", ...words.split(" ").filter(Boolean)], profile);
const job = "--model gpt-s --hardware rtx3090";

test("a placement says what it costs, and in which time when the job is known", async () => {
  const plain = JSON.parse((await place("")).stdout);
  expect(plain.cost).toMatchObject({ shares: "free", compute: expect.any(Number) });
  expect(plain.cost.stepSeconds).toBeUndefined();
  const { cost, policy } = JSON.parse((await place(`${job} --objective goodput --mtbf 40m`)).stdout);
  expect(policy).toMatchObject({ objective: "goodput", balanceSlack: null, training: { failures: { secondsBetween: 2400 } } });
  expect(cost.samplesPerSecond).toBeCloseTo(16 / cost.stepSeconds);
  expect(cost.usefulSamplesPerSecond).toBeLessThan(cost.samplesPerSecond);
  expect(cost.usefulSamplesPerSecond).toBeGreaterThan(0);
});

test.each([
  ["--objective goodput", /needs --model, --hardware and --mtbf/],
  ["--step-budget 1", /needs --model and --hardware/],
  ["--mtbf 5m", /both of them/],
  [`--step-budget 1 --placement mro ${job}`, /is for --placement resilient/],
  [`--objective goodput --mtbf 5m --step-budget 1 ${job}`, /leave one of them out/],
  [`--mtbf 0s ${job}`, /--mtbf 0/],
  ["--model gpt-s --hardware h200", /place with --gpus 8, or pass hardware with gpusPerNode 1\n$/],
  ["--pareto front.csv --audit plan.json", /leave one of them out/],
  ["--pareto front.png", /ends in .svg, .html or .csv/],
  ["--pareto front.csv --placement mro", /for --placement resilient/],
])("place %s is a mistake in one line", async (words, says) => {
  const { code, stdout, stderr } = await place(words);
  expect(code).toBe(2);
  expect(stdout).toBe("");
  expect(stderr.trimEnd().split("\n")).toHaveLength(1);
  expect(stderr).toMatch(says);
});

test("--pareto writes rows and charts with the policies marked", async () => {
  const folder = mkdtempSync(join(tmpdir(), "lazarus-pareto-"));
  try {
    for (const [file, words] of [
      ["front.csv", job],
      ["front.svg", ""],
    ] as const) {
      expect((await place(`${words} --pareto ${join(folder, file)}`)).code).toBe(0);
      const text = readFileSync(join(folder, file), "utf8");
      for (const plan of ["mro", "spread", "eplb", "resilient"]) expect(text).toContain(plan);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
