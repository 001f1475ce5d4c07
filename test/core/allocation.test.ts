import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { evenAllocation, lazarusAllocation } from "../../src/core/placement/allocation.ts";

const loads = fc.array(fc.oneof(fc.constant(0), fc.nat(1_000_000), fc.maxSafeNat()), { minLength: 1, maxLength: 40 });

describe.each([
  ["lazarus", lazarusAllocation],
  ["even", evenAllocation],
])("allocation %s", (_, allocate) => {
  test("hands out every slot and keeps the threshold", () => {
    fc.assert(
      fc.property(loads, fc.integer({ min: 1, max: 5 }), fc.nat(100), (tokens, minReplicas, spare) => {
        const slots = tokens.length * minReplicas + spare;
        const { replicas, minReplicas: kept } = allocate(tokens, slots, minReplicas);
        expect(kept).toBe(minReplicas);
        expect(replicas.reduce((a, b) => a + b)).toBe(slots);
        expect(Math.min(...replicas)).toBeGreaterThanOrEqual(minReplicas);
      }),
    );
  });

  test("lowers the threshold to what the slots hold", () => {
    const { replicas, minReplicas } = allocate(new Array(16).fill(100), 30, 2);
    expect(minReplicas).toBe(1);
    expect(replicas.reduce((a, b) => a + b)).toBe(30);
    expect(Math.min(...replicas)).toBe(1);
  });

  test("says how many slots are missing", () => {
    expect(() => allocate([1, 2, 3, 4, 5], 3, 1)).toThrow(/2 more slots/);
  });

  test("a hotter expert never has fewer replicas", () => {
    fc.assert(
      fc.property(loads, fc.nat(100), (tokens, spare) => {
        const { replicas } = allocate(tokens, tokens.length + spare, 1);
        const byLoad = tokens.map((_, e) => e).sort((a, b) => (tokens[a] as number) - (tokens[b] as number) || a - b);
        byLoad.slice(1).forEach((expert, i) => {
          expect(replicas[expert]).toBeGreaterThanOrEqual(replicas[byLoad[i] as number] as number);
        });
      }),
    );
  });
});

test("Eq. 1 by hand: floors of the shares of what is left", () => {
  // 10/100 of 20 is 2; 30/90 of 18 is 6; the last takes the 12 that are left.
  expect(lazarusAllocation([60, 10, 30], 20, 1).replicas).toEqual([12, 2, 6]);
  expect(lazarusAllocation([0, 0, 0], 7, 1).replicas).toEqual([2, 2, 3]);
});

test("the floor is exact where doubles are not", () => {
  const big = 9_007_199_254_740_991;
  // Equal loads: every share is exactly slots / experts, one token less tips the floor.
  expect(lazarusAllocation([big, big, big], 9, 1).replicas).toEqual([3, 3, 3]);
  expect(lazarusAllocation([big - 1, big, big], 9, 1).replicas).toEqual([2, 3, 4]);
});
