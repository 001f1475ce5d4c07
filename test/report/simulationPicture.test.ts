/** Pictures of simulations: averages, rugs, and sweeps in the order of their numbers. */
import { expect, test } from "vitest";
import type { TimelineEvent, TimelineRow } from "../../src/core/simulation/timeline.ts";
import type { SimulationDocument } from "../../src/formats/documents/simulation.ts";
import { parameterText } from "../../src/report/parameterText.ts";
import { pictureSvg } from "../../src/report/pictures/svg.ts";
import { durationText } from "../../src/report/pictures/timeUnit.ts";
import { throughputPicture } from "../../src/report/simulationPicture.ts";
import { simulationGroups } from "../../src/report/simulationTable.ts";
import { sweepPicture } from "../../src/report/sweepPicture.ts";
import { isWellFormed, texts, tips } from "../support/svg.ts";

const row = (system: string, second: number, rate: number, samples: number, event: TimelineEvent): TimelineRow => ({
  system,
  second,
  nodes: 4,
  training: rate > 0 ? 4 : 0,
  samplesPerSecond: rate,
  samples,
  event,
});

/** Ten samples a second but for ten minutes in the middle of an hour and forty minutes; `b` loses half an hour. */
const timeline = [
  row("a", 0, 10, 0, "start"),
  row("a", 2400, 0, 24_000, "failure"),
  row("a", 3000, 10, 24_000, "train"),
  row("a", 6000, 10, 54_000, "end"),
  row("b", 0, 5, 0, "start"),
  row("b", 1800, 0, 9000, "checkpoint"),
  row("b", 1801, 5, 9000, "train"),
  row("b", 2400, 0, 9000, "failure"),
  row("b", 2401, 0, 9000, "restart"),
  row("b", 3000, 5, 9000, "train"),
  row("b", 6000, 5, 24_000, "end"),
];

test("a panel a system: moving averages, and a rug of what happened", () => {
  const picture = throughputPicture("gpt", timeline, 6000);
  expect(picture.title).toBe("gpt: a trains most, 2.25 x b");
  expect(picture.panels.map(({ title }) => title)).toEqual([
    "a: 9.00 samples a second",
    "b: 4.00 samples a second",
    "Samples trained",
  ]);
  const svg = [...pictureSvg(picture)].join("");
  expect(isWellFormed(svg)).toBe(true);
  const said = tips(svg);
  // The window is of 300 s: none of it, half of it and all of it is in the pause.
  expect(said).toContain("a, 20.0 min: 10.00");
  expect(said).toContain("a, 40.0 min: 5.00");
  expect(said).toContain("a, 45.0 min: 0.00");
  expect(said).toContain("a, 50.0 min: 5.00");
  const rug = (kind: string) => said.filter((tip) => tip.startsWith(kind));
  expect(rug("failure")).toEqual(["failure after 40 min", "failure after 40 min"]);
  expect(rug("checkpoint")).toEqual(["checkpoint after 30 min"]);
  expect(rug("restart")).toHaveLength(1);
  expect(texts(svg)).toEqual(expect.arrayContaining(["1 failure", "1 checkpoint", "1 restart", "0", "100"]));
});

test("strokes that lie together are one, which says how many", () => {
  const many = Array.from({ length: 2000 }, (_, i) => row("a", i * 3, 10, i * 30, "checkpoint"));
  const strokes = tips([...pictureSvg(throughputPicture("gpt", many, 6000))].join("")).filter((tip) =>
    tip.includes("checkpoint"),
  );
  expect(strokes.length).toBeLessThanOrEqual(200);
  expect(strokes.reduce((sum, tip) => sum + Number(tip.split(" ")[0]), 0)).toBe(2000);
});

const simulated = (seed: number, mtbf: number, rates: Record<string, number>): SimulationDocument => ({
  type: "simulation",
  version: 1,
  program: "lazarus",
  seed,
  parameters: { model: "gpt-l", mtbf, "checkpoint-every": "a=1800s,b=1800s" },
  seconds: 100,
  runs: Object.entries(rates).map(([system, samplesPerSecond]) => ({
    system,
    samples: 100 * samplesPerSecond,
    steps: 10,
    samplesPerSecond,
    seconds: { compute: 100, checkpoint: 0, restart: 0, reconfigure: 0, rebalance: 0, idle: 0 },
    lostComputeSeconds: 0,
    failures: 0,
    recoveries: 0,
    restarts: 0,
    lostSteps: 0,
    stepParts: { overhead: 1, dense: 1, denseSync: 1, experts: 1, allToAll: 1, expertSync: 1 },
  })),
});

test("a sweep stands in the order of its numbers, with units, and says who is fastest where", () => {
  const documents = [21_600, 1800, 7200].flatMap((mtbf) =>
    [0, 1].map((seed) => simulated(seed, mtbf, { a: 40 + seed, b: mtbf / 200 })),
  );
  const picture = sweepPicture(simulationGroups(documents));
  expect(picture.title).toBe("a trains fastest in 2 of 3 settings");
  expect(picture.subtitle).toContain("2 trials, with 95 % intervals; model gpt-l, checkpoint-every 30 min.");
  const svg = [...pictureSvg(picture)].join("");
  expect(texts(svg).filter((text) => text.startsWith("mtbf"))).toEqual(["mtbf 30 min", "mtbf 2 h", "mtbf 6 h"]);
  expect(tips(svg)).toEqual([
    "mtbf 30 min, a: 40.50 samples a second",
    "mtbf 30 min, b: 9.00 samples a second",
    "mtbf 2 h, a: 40.50 samples a second",
    "mtbf 2 h, b: 36.00 samples a second",
    "mtbf 6 h, a: 40.50 samples a second",
    "mtbf 6 h, b: 108.00 samples a second",
  ]);
});

test("durations and parameters have their units", () => {
  expect([0, 15, 90, 1800, 5400, 7200, 86_400, 129_600, 12_345].map(durationText)).toEqual([
    "0 s",
    "15 s",
    "1.5 min",
    "30 min",
    "1.5 h",
    "2 h",
    "1 d",
    "1.5 d",
    "206 min",
  ]);
  expect(parameterText("checkpoint-every", "a=250,b=50")).toBe("a=250,b=50");
  expect(parameterText("store-bandwidth", 25e9)).toBe("25 GB/s");
  expect(parameterText("nodes", 10)).toBe("10");
  expect(parameterText("mtbf", "gpu=180000000,node=3600")).toBe("gpu=50000 h,node=1 h");
  expect(parameterText("mtbf", "node=600")).toBe("node=10 min");
  expect(parameterText("drain", "43200:7200")).toBe("12 h:2 h");
  expect(parameterText("failures", "300:3,90:0")).toBe("5 min:3,1.5 min:0");
  expect(parameterText("checkpoint-every", "lazarus=none,ds=1800s")).toBe("lazarus=none,ds=30 min");
});
