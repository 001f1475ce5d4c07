import fc from "fast-check";
import { expect, test } from "vitest";
import { loadStatistics } from "../../src/core/profile/loadStatistics.ts";

test("figures worked out by hand", () => {
  const { normalizedEntropy, ...rest } = loadStatistics([6, 2, 0, 0]);
  expect(rest).toEqual({
    tokens: 8,
    maxOverMean: 3,
    imbalanceRatio: 2,
    top2Share: 1,
    coefficientOfVariation: Math.sqrt(1.5),
    balancedness: 1 / 3,
  });
  expect(normalizedEntropy).toBeCloseTo((0.75 * Math.log2(4 / 3) + 0.25 * 2) / 2, 12);
});

test.each([[[0, 0, 0, 0]], [[7, 7, 7, 7]]])("no tokens count as even loads: %j", (loads) => {
  const statistics = loadStatistics(loads);
  expect(statistics).toEqual({
    tokens: loads.reduce((a, b) => a + b),
    maxOverMean: 1,
    imbalanceRatio: 0,
    top2Share: 0.5,
    coefficientOfVariation: 0,
    normalizedEntropy: 1,
    balancedness: 1,
  });
});

test("one expert, and none", () => {
  expect(loadStatistics([5])).toMatchObject({
    maxOverMean: 1,
    imbalanceRatio: 0,
    top2Share: 1,
    normalizedEntropy: 1,
    balancedness: 1,
  });
  expect(() => loadStatistics([])).toThrow(RangeError);
});

test("figures stay in their ranges, and order and scale do not matter", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(2 ** 20), { minLength: 1, maxLength: 40 }), (loads) => {
      const statistics = loadStatistics(loads);
      expect(statistics.maxOverMean).toBeGreaterThanOrEqual(1);
      expect(statistics.maxOverMean * statistics.balancedness).toBeCloseTo(1, 9);
      for (const share of [statistics.top2Share, statistics.normalizedEntropy]) {
        expect(share).toBeGreaterThanOrEqual(0);
        expect(share).toBeLessThanOrEqual(1);
      }
      const same = loadStatistics([...loads].reverse().map((load) => 64 * load));
      for (const key of ["maxOverMean", "top2Share", "coefficientOfVariation", "normalizedEntropy"] as const) {
        expect(same[key]).toBeCloseTo(statistics[key], 9);
      }
    }),
  );
});
