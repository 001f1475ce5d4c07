import fc from "fast-check";
import { expect, test } from "vitest";
import { enoughSlots } from "../../src/core/recovery/enoughSlots.ts";
import { freeRecoveryUpperBound } from "../../src/core/recovery/freeRecoveryUpperBound.ts";
import { recoveryUpperBound } from "../../src/core/recovery/recoveryUpperBound.ts";
import { sizeOf } from "../support/everyPlacement.ts";

test("live nodes with fewer slots than experts are dead: counted over all live sets", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 7 }),
      fc.integer({ min: 1, max: 12 }),
      (slots, experts) => {
        fc.pre(slots.reduce((sum, count) => sum + count, 0) >= experts);
        const nodes = slots.length;
        const [enough, all] = [new Array<number>(nodes).fill(0), new Array<number>(nodes).fill(0)];
        for (let live = 0; live < (1 << nodes) - 1; live++) {
          const failed = nodes - sizeOf(live);
          all[failed - 1]!++;
          if (slots.reduce((sum, count, node) => sum + ((live >> node) & 1) * count, 0) >= experts) enough[failed - 1]!++;
        }
        const bound = enoughSlots(experts, slots);
        const free = freeRecoveryUpperBound(experts, slots);
        const given = recoveryUpperBound([new Array<number>(experts).fill(nodes)], slots);
        for (let k = 0; k < nodes; k++) {
          const part = enough[k]! / all[k]!;
          if (new Set(slots).size > 1) expect(bound[k]).toBeCloseTo(part, 12);
          expect(free[k]).toBeLessThanOrEqual(part + 1e-12);
          expect(given[k]).toBeLessThanOrEqual(part + 1e-12);
        }
      },
    ),
  );
});

test("one large node and small ones: whoever loses the large one is dead, which no number of hosts says", () => {
  // The large one and two others alive, of six pairs among four; three small ones do not hold four experts.
  expect(freeRecoveryUpperBound(4, [3, 1, 1, 1])).toEqual([0.75, 0.5, 0, 0]);
  // Too much to count: no bound, not a long wait.
  expect(enoughSlots(30_000, [1, ...new Array<number>(30_000).fill(2)]).every((value) => value === 1)).toBe(true);
});
