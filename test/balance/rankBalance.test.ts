import fc from "fast-check";
import { expect, test } from "vitest";
import { optimalBalance } from "../../src/core/balance/optimalBalance.ts";
import { evenRankBalance, freeRankBalance } from "../../src/core/balance/rankBalance.ts";

/** Experts with copies on some of the ranks, maybe several on one. */
const layers = fc.integer({ min: 1, max: 20 }).chain((ranks) =>
  fc.record({
    ranks: fc.constant(ranks),
    experts: fc.array(
      fc.record({
        load: fc.oneof(fc.nat(20), fc.nat(100_000)),
        copies: fc.array(fc.nat(ranks - 1), { minLength: 1, maxLength: 5 }),
      }),
      { minLength: 1, maxLength: 30 },
    ),
  }),
);

test("free balance is the maximum flow's, proven by its ranks", () => {
  fc.assert(
    fc.property(layers, ({ ranks, experts }) => {
      const loads = experts.map(({ load }) => load);
      const copies = experts.map((expert) => expert.copies);
      const { maxOverMean, lowerBound, binding } = freeRankBalance(copies, loads, ranks);
      const sets = copies.map((list) => [...new Set(list)].sort((a, b) => a - b));
      const optimum = optimalBalance(sets, loads, new Array<number>(ranks).fill(1)).maxOverMean;
      expect(maxOverMean).toBeGreaterThanOrEqual(optimum * (1 - 1e-12));
      expect(maxOverMean).toBeLessThanOrEqual(optimum * (1 + 2e-6));
      expect(maxOverMean).toBeLessThanOrEqual(evenRankBalance(sets, loads, ranks) * (1 + 1e-12));
      const total = loads.reduce((sum, load) => sum + load, 0);
      const captive = loads.filter((_, e) => copies[e]!.every((rank) => binding.includes(rank)));
      const proven = (captive.reduce((sum, load) => sum + load, 0) * ranks) / (total * binding.length);
      expect(lowerBound).toBeCloseTo(total === 0 ? 1 : proven, 9);
      expect(lowerBound).toBeLessThanOrEqual(optimum * (1 + 1e-12));
      expect(maxOverMean).toBeLessThanOrEqual(lowerBound * (1 + 2e-6));
    }),
  );
});

test("with equal shares every copy counts, with free ones every rank", () => {
  const copies = [[0, 0, 1], [1], [2]];
  const loads = [6, 1, 2];
  expect(evenRankBalance(copies, loads, 3)).toBeCloseTo(4 / 3, 12);
  const { maxOverMean, lowerBound, binding } = freeRankBalance(copies, loads, 3);
  expect(maxOverMean).toBeCloseTo(3.5 / 3, 6);
  expect(lowerBound).toBeCloseTo(3.5 / 3, 12);
  expect(binding).toEqual([0, 1]);
});

test.each([10, 40, 400])("a chain of %i ranks with one hot end is solved, or its bound is honest", (ranks) => {
  const copies = Array.from({ length: ranks - 1 }, (_, rank) => [rank, rank + 1]);
  // All ranks can be level, but tokens have to be handed on from the hot end to the other.
  const loads = copies.map((_, expert) => (expert === 0 ? 1000 : 900));
  const { maxOverMean, lowerBound, binding } = freeRankBalance(copies, loads, ranks);
  const optimum = optimalBalance(copies, loads, new Array<number>(ranks).fill(1)).maxOverMean;
  expect(optimum).toBeCloseTo(1, 9);
  expect(lowerBound).toBeLessThanOrEqual(optimum * (1 + 1e-12));
  expect(maxOverMean).toBeGreaterThanOrEqual(optimum * (1 - 1e-12));
  const captive = loads.filter((_, e) => copies[e]!.every((rank) => binding.includes(rank)));
  const total = loads.reduce((sum, load) => sum + load, 0);
  expect(lowerBound).toBeCloseTo((captive.reduce((sum, load) => sum + load, 0) * ranks) / (total * binding.length), 9);
  if (ranks <= 40) expect(maxOverMean).toBeLessThanOrEqual(lowerBound * (1 + 1.01e-6));
});

test("a layer without tokens is even", () => {
  expect(evenRankBalance([[0], []], [0, 0], 2)).toBe(1);
  expect(freeRankBalance([[0], []], [0, 0], 2)).toEqual({
    maxOverMean: 1,
    lowerBound: 1,
    binding: [0, 1],
    load: new Float64Array(2),
  });
});

test("experts without a copy, ranks that do not exist and loads below 0 are refused", () => {
  for (const balance of [evenRankBalance, freeRankBalance]) {
    expect(() => balance([[]], [1], 1)).toThrow("expert 0 has 1 tokens and no copy");
    expect(() => balance([[1]], [1], 1)).toThrow(RangeError);
    expect(() => balance([[0]], [-1], 1)).toThrow(RangeError);
    expect(() => balance([[0]], [1, 2], 1)).toThrow(RangeError);
    expect(() => balance([[0]], [1], 0)).toThrow(RangeError);
  }
});
