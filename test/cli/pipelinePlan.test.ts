import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { checkPipelinePlan } from "../../src/formats/documents/pipelinePlan.ts";
import { inProcess } from "../support/inProcess.ts";
import { texts, tips } from "../support/svg.ts";

const plan = (words: string) => inProcess(["pipeline-plan", ..."-D 3 -S 4 -N 6".split(" "), ...words.split(" ").filter(Boolean)]);

test("a plan in JSON, as rows and as a table", async () => {
  const { code, stdout } = await plan("--failed 1.2 --activation-slots 8");
  expect(code).toBe(0);
  const document = checkPipelinePlan(JSON.parse(stdout), "-");
  expect(document).toMatchObject({
    failed: ["1.2"],
    recoverable: true,
    unit: "units",
    faultFree: 27,
    plan: { backward: "split", optimizer: "staggered", period: 27, bound: { period: 27, limit: "work", stage: 2 } },
  });
  expect(document.steps!.map(({ period }) => period)).toEqual([33, 29, 27]);
  expect(document.byStage![2]).toMatchObject({ live: 2, microBatches: 9, slots: 8 });
  expect(document.workers!.find(({ worker }) => worker === "1.2")).toEqual({ worker: "1.2", failed: true, peak: 0, tasks: [] });
  const rows = (await plan("--failed 1.2 --activation-slots 8 --format csv")).stdout.trim().split("\n");
  expect(rows).toHaveLength(1 + 3 * 4 * 6 * 3);
  expect(rows[0]).toBe("worker,stage,task,pipeline,microBatch,start,end");
  expect(rows[1]).toBe("0.0,0,F,0,0,0,1");
  const table = (await plan("--failed 1.2 --activation-slots 8 --format table")).stdout;
  expect(table).toContain("Period 27, 1.000 times that before the failure; no schedule is shorter:\nstage 2 has work for it.");
  expect(Math.max(...table.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100);
});

test("sentences keep to the width of the table", async () => {
  const long = await inProcess("pipeline-plan -D 64 -S 4 -N 64 --failed 3.2,15.3,16.3,17.3 --format table".split(" "));
  const lost = await plan("--failed 0.2,1.2,2.2 --format table");
  for (const { stdout } of [long, lost]) {
    const sentences = stdout.split("\n").filter((line) => /^(Pipeline|Period|Not| {2}\S)/.test(line));
    expect(sentences.length).toBeGreaterThan(2);
    expect(Math.max(...sentences.map((line) => line.length))).toBeLessThanOrEqual(80);
  }
});

test("durations are seconds, and stages may differ", async () => {
  const document = JSON.parse((await plan("--stage-times 10ms,9ms,8ms/10ms,9ms,8ms/20ms,18ms,16ms/10ms,9ms,0ms")).stdout);
  expect(document.unit).toBe("seconds");
  expect(document.stageTimes[2]).toEqual({ forward: 0.02, inputGradient: 0.018, weightGradient: 0.016 });
  expect(document.plan.bound).toMatchObject({ stage: 2 });
  expect(document.plan.bound.period).toBeGreaterThanOrEqual(6 * 0.054);
  expect((await plan("--stage-times 10ms,9ms,8ms --format table")).stdout).toContain("before the failure  243 ms");
});

test("slots of activations count as 1F1B's and more, or are the same at each stage", async () => {
  const slots = async (words: string) =>
    JSON.parse((await plan(words)).stdout).byStage.map((stage: { slots: number }) => stage.slots);
  expect(await slots("--activation-slots +2")).toEqual([6, 5, 4, 3]);
  expect(await slots("--activation-slots 2")).toEqual([2, 2, 2, 2]);
  expect(await slots("")).toEqual([4, 4, 4, 4]);
});

test("backward passes and optimizers may stay as they were", async () => {
  const { stdout } = await plan("--failed 1.3 --backward whole --optimizer together");
  const { plan: made, steps, workers } = JSON.parse(stdout);
  expect(made).toMatchObject({ backward: "whole", optimizer: "together", period: 36 });
  expect(steps).toHaveLength(1);
  expect(new Set(workers[0].tasks.map(([kind]: [string]) => kind))).toEqual(new Set(["F", "B"]));
});

test("a stage without live workers cannot be rerouted: exit code 3, a document and what to do", async () => {
  const { code, stdout } = await plan("--failed 0.2,1.2,2.2,0.1");
  expect(code).toBe(3);
  expect(checkPipelinePlan(JSON.parse(stdout), "-")).toMatchObject({ recoverable: false, lost: [2], faultFree: 27 });
  const table = await plan("--failed 0.2,1.2,2.2 --format table");
  expect(table.code).toBe(3);
  expect(table.stdout).toMatch(
    /all 3 workers of stage 2 failed, and their weights\s+with\s+them:\s+repair\s+one,\s+or\s+restart/,
  );
  const rows = await plan("--failed 0.2,1.2,2.2 --format csv");
  expect(rows.stdout).toBe("worker,stage,task,pipeline,microBatch,start,end\n");
  expect(rows.stderr).toMatch(/^lazarus: no plan: all 3 workers of stage 2 failed/);
});

test("the picture has a box for every task of this iteration, and pale ones of the next", async () => {
  const folder = mkdtempSync(join(tmpdir(), "lazarus-"));
  try {
    const file = join(folder, "plan.svg");
    expect((await plan(`--failed 1.2 --activation-slots 8 --plot ${file}`)).code).toBe(0);
    const svg = readFileSync(file, "utf8");
    const boxes = svg.match(/<rect class="c[245] (edge|framed|next)" x="[^>]*>/g)!;
    const pale = boxes.filter((box) => box.includes("next"));
    expect(boxes.length - pale.length).toBe(3 * 4 * 6 * 3);
    expect(pale.length).toBeGreaterThan(0);
    expect(boxes.filter((box) => box.includes("framed"))).toHaveLength(6 * 3);
    expect(texts(svg)).toContain("1 worker failed: period 27 (dashed), before 27, bound 27");
    expect(svg.match(/>failed</g)).toHaveLength(1);
    const { workers } = JSON.parse((await plan("--failed 1.2 --activation-slots 8")).stdout) as {
      workers: { worker: string; tasks: [string, number, number, number, number][] }[];
    };
    const names: Record<string, string> = { F: "forward", Bi: "input gradient", Bw: "weight gradient" };
    const tasks = workers.flatMap(({ worker, tasks: own }) =>
      own.map(([kind, pipeline, batch, start, end]) => `${worker}: ${names[kind]} of ${pipeline}:${batch}, ${start} to ${end}`),
    );
    expect(tips(svg).toSorted()).toEqual(tasks.toSorted());
    const nothing = join(folder, "lost.svg");
    expect((await plan(`--failed 0.2,1.2,2.2 --plot ${nothing}`)).stderr).toMatch(/no picture: all 3 workers/);
    expect(existsSync(nothing)).toBe(false);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test.each([
  ["--failed 1.4", /no worker 1\.4; pipelines are 0 to 2, stages 0 to 3/],
  ["--failed 3.0", /no worker 3\.0/],
  ["--failed w1", /PIPELINE\.STAGE between commas/],
  ["--stage-times 1,1", /three times F,Bi,Bw/],
  ["--stage-times 1,x,1", /three times F,Bi,Bw/],
  ["--stage-times 1,0,1", /only Bw may be 0/],
  ["--stage-times 1ms,1,1", /a unit at each/],
  ["--stage-times 1,1,1/1,1,1", /times of 2 stages; expected three for all, or those of 4/],
  ["--activation-slots 0", /at least 1, or \+K/],
  ["--activation-slots -1", /at least 1, or \+K|needs a value/],
  ["--backward none", /expected one of split, whole/],
  ["file.json", /takes options only/],
])("%s is a mistake in one line", async (words, says) => {
  const { code, stdout, stderr } = await plan(words);
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toMatch(says);
  expect(stderr.trim().split("\n")).toHaveLength(1);
});

test("what is missing, and what is too much, is said", async () => {
  expect((await inProcess(["pipeline-plan", "-D", "3"])).stderr).toMatch(/-S \(stages\), -N .* missing; .* as in -D 3 -S 4 -N 6/);
  expect((await inProcess("pipeline-plan -D 1000 -S 100 -N 100".split(" "))).stderr).toMatch(
    /are more than 200000; plan fewer pipelines/,
  );
});
