import fc from "fast-check";
import { expect, test } from "vitest";
import { fixedOrder } from "../../src/core/pipeline/fixedOrder.ts";
import { listSchedule } from "../../src/core/pipeline/listSchedule.ts";
import { taskGraph } from "../../src/core/pipeline/taskGraph.ts";
import { staggeredTiming } from "../../src/core/pipeline/timing.ts";
import { urgencies } from "../../src/core/pipeline/urgencies.ts";
import { few } from "../support/few.ts";

const time = fc.integer({ min: 1, max: 4 });

test("the staggered period of an order is the least for which stages do not put each other off for ever", () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ forward: time, inputGradient: time, weightGradient: time }), { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 2, max: 3 }),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 5 }),
      fc.nat(5),
      (stages, pipelines, microBatches, slots, rule) => {
        const S = stages.length;
        const failed = [{ pipeline: 0, stage: S - 1 }];
        const graph = taskGraph({ pipelines, microBatches, stages }, failed, false, () => slots);
        const fixed = fixedOrder(graph, listSchedule(graph, urgencies(graph)[rule]!))!;
        const { durations } = graph;
        // Starts by relaxation, without causes: T is too short when they pass the sum of all durations, which no chain of tasks does.
        const settles = (T: number) => {
          const opens = new Float64Array(S);
          const limit = durations.reduce((sum, duration) => sum + duration, 0);
          for (;;) {
            const ends = new Float64Array(S);
            const starts = new Float64Array(durations.length);
            for (const task of fixed.sorted) {
              const stage = Math.floor(task / 3) % S;
              const earlier = [...fixed.earlier.subarray(3 * task, 3 * task + 3)].filter((other) => other >= 0);
              starts[task] = Math.max(opens[stage]!, ...earlier.map((other) => starts[other]! + durations[other]!));
              ends[stage] = Math.max(ends[stage]!, starts[task]! + durations[task]!);
            }
            if (Math.max(...ends) > limit + 1e-6) return false;
            const next = opens.map((open, stage) => Math.max(open, ends[stage]! - T));
            if (next.every((open, stage) => open <= opens[stage]! + 1e-9)) return true;
            opens.set(next);
          }
        };
        const { period } = staggeredTiming(fixed, 0)!;
        // Whole tasks over at most four stages: other periods are a twelfth away at least.
        expect(settles(period * (1 + 1e-6))).toBe(true);
        expect(settles(period - 0.08)).toBe(false);
        expect(staggeredTiming(fixed, 0, period - 0.08)).toBeUndefined();
      },
    ),
    few(25),
  );
});
