import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { largestRemainder } from "../../src/core/algorithms/largestRemainder.ts";

/** Oracle: in arbitrary precision, leftover units handed out one at a time to the largest remainder not served yet. */
function oracle(weights: bigint[], total: bigint): bigint[] {
  const sum = weights.reduce((a, b) => a + b, 0n);
  const parts = weights.map((weight) => (weight * total) / sum);
  const remainders = weights.map((weight) => (weight * total) % sum);
  for (let left = total - parts.reduce((a, b) => a + b, 0n); left > 0n; left--) {
    let best = 0;
    for (let i = 1; i < weights.length; i++) if (remainders[i]! > remainders[best]!) best = i;
    parts[best]!++;
    remainders[best] = -1n;
  }
  return parts;
}

const anyWhole = fc.oneof(fc.nat(9), fc.nat(), fc.maxSafeNat());
const hasWeight = (weights: number[]) => weights.some((weight) => weight > 0);

describe("largestRemainder", () => {
  test("examples", () => {
    expect(largestRemainder([1, 1, 1], 10)).toEqual([4, 3, 3]);
    expect(largestRemainder([47, 16, 15.8, 12, 6.1, 3.1], 10)).toEqual([5, 2, 1, 1, 1, 0]);
    expect(largestRemainder([0.5, 1.5], 2)).toEqual([1, 1]);
    expect(largestRemainder(new Float64Array([0, 5, 0]), 7)).toEqual([0, 7, 0]);
    expect(largestRemainder([0, 0], 0)).toEqual([0, 0]);
    expect(largestRemainder([], 0)).toEqual([]);
  });

  test("equals the oracle for whole weights and totals up to 2^53 - 1", () => {
    fc.assert(
      fc.property(fc.array(anyWhole, { minLength: 1, maxLength: 12 }).filter(hasWeight), anyWhole, (weights, total) => {
        expect(largestRemainder(weights, total).map(BigInt)).toEqual(oracle(weights.map(BigInt), BigInt(total)));
      }),
      { numRuns: 2000 },
    );
  });

  test("does not depend on the unit of the weights: a power of two changes nothing", () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(1000), { minLength: 1, maxLength: 8 }).filter(hasWeight),
        fc.nat(5000),
        fc.integer({ min: -1070, max: 900 }),
        (weights, total, exponent) => {
          expect(
            largestRemainder(
              weights.map((weight) => weight * 2 ** exponent),
              total,
            ),
          ).toEqual(largestRemainder(weights, total));
        },
      ),
    );
  });

  test("any finite weights: the total is kept, parts are whole and near their quota", () => {
    const weight = fc.double({ min: 0, noNaN: true, noDefaultInfinity: true });
    fc.assert(
      fc.property(fc.array(weight, { minLength: 1, maxLength: 12 }).filter(hasWeight), fc.nat(1_000_000), (weights, total) => {
        const parts = largestRemainder(weights, total);
        expect(parts.reduce((a, b) => a + b, 0)).toBe(total);
        const largest = Math.max(...weights);
        const sum = weights.reduce((a, b) => a + b / largest, 0);
        parts.forEach((part, i) => {
          expect(Number.isSafeInteger(part) && part >= 0).toBe(true);
          expect(Math.abs(part - (weights[i]! / largest / sum) * total)).toBeLessThan(1 + 1e-6);
        });
      }),
    );
  });

  test.each([
    [[1, -1], 3],
    [[1, Number.NaN], 3],
    [[1, Number.POSITIVE_INFINITY], 3],
    [[1, 2], -1],
    [[1, 2], 0.5],
    [[1, 2], 2 ** 53],
    [[0, 0], 1],
    [[], 1],
  ])("refuses %j, %d", (weights, total) => {
    expect(() => largestRemainder(weights, total)).toThrow(RangeError);
  });
});
