import { expect, test } from "vitest";
import { randomSource } from "../../src/core/algorithms/random.ts";
import { placedTrace } from "../../src/core/simulation/membershipTrace.ts";
import type { RunResult } from "../../src/core/simulation/runRecord.ts";
import { summarize, totalSeconds } from "../../src/core/simulation/summary.ts";
import { usualPolicy } from "../../src/core/simulation/systems.ts";
import { constantLoads, gptS, jobOf, observed, systemsToTest } from "../support/simulation.ts";

const CHANGES = [
  { seconds: 400, event: "remove" as const, node: 1 },
  { seconds: 900, event: "add" as const, node: 1 },
];

test("trials are added up system by system, rates over the first system's of the same trial", () => {
  const job = jobOf({ loads: constantLoads([4, 3, 2, 1], [1, 1, 1, 1]) });
  const trial = (nodes: number, changes: typeof CHANGES): RunResult[] => {
    const initial = Array.from({ length: nodes }, (_, node) => node);
    return (["lazarus", "ds"] as const).map(
      (name) => observed(name, job, { checkpoint: { steps: 50 } }, { initial, changes }).result,
    );
  };
  const trials = [trial(4, []), trial(6, CHANGES)];
  const summaries = summarize(trials);
  expect(summaries.map(({ system }) => system)).toEqual(["lazarus", "ds"]);
  summaries.forEach((summary, place) => {
    const [one, two] = trials.map((runs) => runs[place]!) as [RunResult, RunResult];
    expect(summary.trials).toBe(2);
    for (const figure of ["steps", "failures", "restarts", "lostSteps"] as const) {
      expect(summary[figure]).toBeCloseTo((one[figure] + two[figure]) / 2, 9);
    }
    expect(summary.samples.mean).toBeCloseTo((one.samples + two.samples) / 2, 6);
    expect(summary.samplesPerSecond.mean).toBeCloseTo((one.samplesPerSecond + two.samplesPerSecond) / 2, 9);
    const ratios = [one, two].map((run, t) => run.samplesPerSecond / trials[t]![0]!.samplesPerSecond) as [number, number];
    expect(summary.ratio.mean).toBeCloseTo((ratios[0] + ratios[1]) / 2, 9);
    expect(summary.totalSeconds.mean).toBeCloseTo(3600, 6);
    for (const [activity, seconds] of Object.entries(summary.seconds)) {
      const key = activity as keyof RunResult["seconds"];
      expect(seconds).toBeCloseTo((one.seconds[key] + two.seconds[key]) / 2, 6);
    }
    expect(Object.values(summary.stepParts).reduce((sum, part) => sum + part, 0)).toBeGreaterThan(0);
  });
  expect(totalSeconds(trials[0]![0]!)).toBeCloseTo(3600, 6);
  expect(() => summarize([trials[0]!, trials[1]!.toReversed()])).toThrow(RangeError);
  expect(summarize([])).toEqual([]);
});

test("systems that restart after every failure take checkpoints as often as they need, the others as rarely as they may", () => {
  const model = { ...gptS, checkpointEvery: { steps: 50 }, faultTolerantCheckpointEvery: { steps: 250 } };
  const intervals = Object.fromEntries(systemsToTest.map((name) => [name, usualPolicy(name, model, 200)]));
  const [often, rarely] = [50, 250].map((steps) => ({ checkpoint: { steps }, rebalanceSteps: 200 }));
  expect(intervals).toEqual({
    ...{
      lazarus: rarely,
      resilient: rarely,
      flexmoe: rarely,
      "fewest-moves": rarely,
      "ds-ft": rarely,
      ds: often,
      "tutel-ft": rarely,
      tutel: often,
    },
    "ds-async": { ...often, method: { kind: "async" } },
    "peer-memory": { ...rarely, method: { kind: "peers", everySteps: 1 } },
    moevement: { ...rarely, method: { kind: "sparse" } },
  });
});

test("nodes that come and go before the job starts are not there; those that come later take the place free for longest", () => {
  const at = (seconds: number, event: "add" | "remove", node: string) => ({ seconds, event, node });
  const trace = [at(0, "add", "a"), at(0, "add", "b"), at(0, "add", "c"), at(0, "remove", "b"), at(0, "remove", "x")];
  const later = [at(5, "remove", "a"), at(6, "add", "d"), at(7, "add", "e"), at(8, "add", "d"), at(9, "remove", "b")];
  const { initial, changes } = placedTrace([...trace, ...later], randomSource(1));
  expect(initial).toHaveLength(2);
  const [a, c] = initial as [number, number];
  const b = [0, 1, 2].find((place) => place !== a && place !== c)!;
  expect([...changes]).toEqual([
    { seconds: 5, event: "remove", node: a },
    { seconds: 6, event: "add", node: b },
    { seconds: 7, event: "add", node: a },
  ]);
});
