import fc from "fast-check";
import { expect, test } from "vitest";
import type { PipelineJob } from "../../src/core/pipeline/pipelineJob.ts";
import { hybridPeriod, oobleckPeriod, recyclePeriod } from "../../src/core/pipeline/pipelineSystems.ts";
import { planPipeline } from "../../src/core/pipeline/planPipeline.ts";
import { StagesLost } from "../../src/core/pipeline/route.ts";

const ONE = { forward: 1, inputGradient: 1, weightGradient: 1 };
const job = (pipelines: number, stages: number, microBatches: number): PipelineJob => ({
  pipelines,
  microBatches,
  stages: Array(stages).fill(ONE),
});
const slots = () => 18;

test("ReCycle: no slowdown with one failure and room for activations, then as the busiest stage's live workers", () => {
  const J = job(3, 4, 6);
  expect(recyclePeriod(J, [], slots)).toBe(19);
  expect(recyclePeriod(J, [{ pipeline: 1, stage: 2 }], slots)).toBe(27);
  // Failures of other stages cost nothing more, another of the same stage does.
  expect(
    recyclePeriod(
      J,
      [
        { pipeline: 1, stage: 2 },
        { pipeline: 0, stage: 0 },
      ],
      slots,
    ),
  ).toBeLessThanOrEqual(29);
  expect(
    recyclePeriod(
      J,
      [
        { pipeline: 1, stage: 2 },
        { pipeline: 0, stage: 2 },
      ],
      slots,
    ),
  ).toBe(54);
  const searched = planPipeline(J, [{ pipeline: 1, stage: 1 }], () => 4, { backward: "split", optimizer: "staggered" }).period;
  expect(recyclePeriod(J, [{ pipeline: 1, stage: 1 }], () => 4)).toBeGreaterThanOrEqual(searched);
});

test("Oobleck: 1F1B on what is left, micro-batches divided so that the last pipeline ends earliest", () => {
  expect(oobleckPeriod(job(3, 4, 6), [], 2)).toBe(27);
  // By hand: pipelines of 4, 3 and 4 workers with 7, 5 and 6 micro-batches end after 30, 28 and 27 slots.
  expect(oobleckPeriod(job(3, 4, 6), [{ pipeline: 1, stage: 2 }], 2)).toBe(30);
});

test("Oobleck's division is the best of all", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 2, maxLength: 3 }),
      fc.integer({ min: 1, max: 4 }),
      (losses, microBatches) => {
        const J = job(losses.length, 3, microBatches);
        const failed = losses.flatMap((count, pipeline) => Array.from({ length: count }, (_, stage) => ({ pipeline, stage })));
        const lengths = losses.map((count) => 3 - count);
        const ends = (parts: readonly number[]) =>
          Math.max(...parts.map((n, i) => (n === 0 ? 0 : ((n + lengths[i]! - 1) * 9) / lengths[i]!)));
        let best = Infinity;
        const divide = (left: number, parts: readonly number[]): void => {
          if (parts.length === lengths.length - 1) best = Math.min(best, ends([...parts, left]));
          else for (let n = 0; n <= left; n++) divide(left - n, [...parts, n]);
        };
        divide(losses.length * microBatches, []);
        // Without failures every pipeline keeps its own.
        expect(oobleckPeriod(J, failed, 1)).toBeCloseTo(best, 9);
      },
    ),
  );
});

test("Oobleck: a pipeline that is too short is dissolved, and ends when none is long enough", () => {
  const failed = [0, 1, 2].map((stage) => ({ pipeline: 0, stage }));
  // Its last worker has nowhere to go: the others are whole.
  expect(oobleckPeriod(job(2, 4, 4), failed, 2)).toBe((8 + 3) * 3);
  // With one worker lost there, too, it fills that gap.
  expect(oobleckPeriod(job(2, 4, 4), [...failed, { pipeline: 1, stage: 0 }], 2)).toBe((8 + 3) * 3);
  expect(() => oobleckPeriod(job(2, 4, 4), failed, 5)).toThrow(StagesLost);
});

test("the hybrid is ReCycle with experts re-placed", () => {
  const J = { ...job(3, 4, 6), experts: [undefined, ONE, undefined, ONE] };
  const failed = [{ pipeline: 1, stage: 2 }];
  expect(hybridPeriod({ ...J, experts: [undefined, undefined, undefined, undefined] }, failed, slots, () => 1)).toBe(27);
  const even = {
    ...J,
    stages: J.stages.map((times, s) => (s % 2 === 1 ? { forward: 2, inputGradient: 2, weightGradient: 2 } : times)),
  };
  expect(hybridPeriod(J, failed, slots, () => 1)).toBe(recyclePeriod(even, failed, slots));
  expect(hybridPeriod(J, failed, slots, () => 1.5)).toBeGreaterThan(hybridPeriod(J, failed, slots, () => 1));
  // Every pass of an expert stage is as uneven as its placement.
  const uneven = { forward: 1.5, inputGradient: 1.5, weightGradient: 1.5 };
  const half = { ...J, experts: J.experts.map((experts) => experts && uneven) };
  expect(hybridPeriod(J, failed, slots, () => 1.5)).toBe(hybridPeriod(half, failed, slots, () => 1));
  expect(() => hybridPeriod(J, failed, slots, (stage) => (stage === 3 ? undefined : 1))).toThrow("experts of stage 3 are lost");
  expect(() => hybridPeriod(J, failed, slots, () => 0.5)).toThrow(RangeError);
});
