import fc from "fast-check";
import { expect, test } from "vitest";
import { leastCostAssignment } from "../../src/core/algorithms/assignment.ts";
import { permutations } from "../support/permutations.ts";
import { optimum, sum } from "../support/solver.ts";

test("no assignment of rows to columns costs less", () => {
  const costs = fc.integer({ min: 1, max: 6 }).chain((size) =>
    fc.array(
      fc.oneof({ weight: 5, arbitrary: fc.integer({ min: -4, max: 9 }) }, { weight: 1, arbitrary: fc.constant(Infinity) }),
      {
        minLength: size * size,
        maxLength: size * size,
      },
    ),
  );
  fc.assert(
    fc.property(costs, (list) => {
      const size = Math.sqrt(list.length);
      const total = (columns: readonly number[]) => columns.reduce((sum, column, row) => sum + list[row * size + column]!, 0);
      const best = Math.min(...permutations(size).map(total));
      if (best === Infinity) {
        expect(() => leastCostAssignment(Float64Array.from(list), size)).toThrow(RangeError);
      } else {
        const columns = Array.from(leastCostAssignment(Float64Array.from(list), size));
        expect([...columns].sort((a, b) => a - b)).toEqual([...Array(size).keys()]);
        expect(total(columns)).toBe(best);
      }
    }),
    { numRuns: 300 },
  );
  expect(() => leastCostAssignment(new Float64Array(3), 2)).toThrow(RangeError);
});

test("HiGHS agrees on larger ones", () => {
  const size = 12;
  fc.assert(
    fc.property(fc.array(fc.nat(30), { minLength: size * size, maxLength: size * size }), (cost) => {
      const columns = leastCostAssignment(Float64Array.from(cost), size);
      const ids = [...Array(size).keys()];
      const pair = (row: number, column: number) => `x${row}_${column}`;
      const rows = ids.map((row) => `${sum(ids.map((column) => pair(row, column)))} = 1`);
      const ends = ids.map((column) => `${sum(ids.map((row) => pair(row, column)))} = 1`);
      const objective = sum(cost.map((each, at) => `${each} ${pair(Math.floor(at / size), at % size)}`));
      const best = optimum(`Minimize\n${objective}\nSubject To\n${[...rows, ...ends].join("\n")}\nEnd`)!;
      expect(columns.reduce((total, column, row) => total + cost[row * size + column]!, 0)).toBeCloseTo(best, 6);
    }),
    { numRuns: 25 },
  );
});
