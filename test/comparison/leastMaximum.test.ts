import fc from "fast-check";
import { expect, test } from "vitest";
import { optimalBalance } from "../../src/core/balance/optimalBalance.ts";
import { LeastMaximum } from "../../src/core/comparison/leastMaximum.ts";

const tokens = fc.oneof(fc.constant(0), fc.nat(20), fc.nat(1_000_000));

/** Host sets of experts, some of them of one rank, some alike, and loads of some steps. */
const layers = fc
  .record({
    ranks: fc.integer({ min: 1, max: 24 }),
    experts: fc.integer({ min: 1, max: 40 }),
    most: fc.integer({ min: 1, max: 4 }),
  })
  .chain(({ ranks, experts, most }) => {
    const all = Array.from({ length: ranks }, (_, rank) => rank);
    return fc.record({
      ranks: fc.constant(ranks),
      sets: fc.array(fc.subarray(all, { minLength: 1, maxLength: Math.min(most, ranks) }), {
        minLength: experts,
        maxLength: experts,
      }),
      steps: fc.array(fc.array(tokens, { minLength: experts, maxLength: experts }), { minLength: 1, maxLength: 8 }),
    });
  });

test("step after step, it is the greatest of all bounds", () => {
  fc.assert(
    fc.property(layers, ({ ranks, sets, steps }) => {
      const least = new LeastMaximum(
        sets.map((of, expert) => ({ expert, part: 1, ranks: of })),
        ranks,
      );
      const each = new Array<number>(ranks).fill(1);
      for (const loads of steps)
        expect(least.overMean(Float64Array.from(loads))).toBeCloseTo(optimalBalance(sets, loads, each).maxOverMean, 9);
    }),
    { numRuns: 400, endOnFailure: true },
  );
});

test("parts of experts count by their part, and a full rank without a way on is no end of the others\u2019", () => {
  const shareables = [
    { expert: 0, part: 1, ranks: [0, 1] },
    { expert: 1, part: 0.5, ranks: [1] },
    { expert: 1, part: 0.5, ranks: [2] },
    { expert: 2, part: 1, ranks: [0, 2] },
  ];
  const least = new LeastMaximum(shareables, 3);
  expect(least.overMean(Float64Array.from([60, 120, 60]))).toBe(1);
  expect(least.overMean(Float64Array.from([30, 240, 30]))).toBe(1.2);
  expect(least.overMean(Float64Array.from([0, 0, 0]))).toBe(1);
  expect(least.overMean(Float64Array.from([0, 0, 9]))).toBe(1.5);
});
