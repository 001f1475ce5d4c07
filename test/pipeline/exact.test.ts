import { expect, test } from "vitest";
import { periodBound } from "../../src/core/pipeline/periodBound.ts";
import { schedulePipeline } from "../../src/core/pipeline/schedulePipeline.ts";
import { taskGraph } from "../../src/core/pipeline/taskGraph.ts";
import { exactPeriod } from "../support/exactPipeline.ts";

// D, S, N and the workers that failed.
const JOBS: [number, number, number, [number, number][]][] = [
  [1, 2, 2, []],
  [1, 2, 3, []],
  [1, 3, 2, []],
  [1, 4, 2, []],
  [2, 1, 2, [[0, 0]]],
  [2, 2, 1, [[0, 0]]],
  [2, 2, 1, [[0, 1]]],
  [2, 3, 1, [[0, 1]]],
  [
    2,
    3,
    1,
    [
      [0, 2],
      [1, 0],
    ],
  ],
  [3, 2, 1, [[0, 1]]],
  [
    3,
    2,
    1,
    [
      [0, 1],
      [1, 1],
    ],
  ],
  [
    3,
    2,
    1,
    [
      [0, 0],
      [1, 1],
    ],
  ],
  [
    4,
    2,
    1,
    [
      [0, 1],
      [1, 1],
    ],
  ],
  [
    3,
    3,
    1,
    [
      [0, 1],
      [1, 1],
    ],
  ],
];
const TIMES = [
  [1, 1, 1],
  [2, 3, 1],
  [1, 2, 3],
] as const;
const MODES = [
  [true, false],
  [false, false],
  [false, true],
] as const;

test("the bound never exceeds the shortest period, which the schedule has in all cases but one", () => {
  let all = 0;
  let shortest = 0;
  let met = 0;
  for (const [pipelines, S, microBatches, dead] of JOBS)
    for (const [forward, inputGradient, weightGradient] of TIMES)
      for (const [whole, staggered] of MODES)
        for (const slots of [1, 2, 3, 9]) {
          const job = { pipelines, microBatches, stages: Array(S).fill({ forward, inputGradient, weightGradient }) };
          const graph = taskGraph(
            job,
            dead.map(([pipeline, stage]) => ({ pipeline, stage })),
            whole,
            () => slots,
          );
          const { period: bound } = periodBound(graph, staggered);
          const { period } = schedulePipeline(graph, staggered);
          // Staggered periods are sums of whole times over at most S stages.
          const exact = exactPeriod(graph, staggered, period, staggered ? 1 / 6 : 1);
          const name = JSON.stringify([
            pipelines,
            S,
            microBatches,
            dead,
            forward,
            inputGradient,
            weightGradient,
            whole,
            staggered,
            slots,
          ]);
          expect(bound, name).toBeLessThanOrEqual(exact + 1e-6);
          expect(period, name).toBeLessThanOrEqual(exact + 1 + 1e-6);
          all++;
          if (period <= exact + 1e-6) shortest++;
          if (bound >= exact - 1e-6) met++;
        }
  expect(all).toBe(504);
  expect(shortest).toBeGreaterThanOrEqual(all - 1);
  expect(met).toBeGreaterThanOrEqual(0.9 * all);
}, 60_000);
