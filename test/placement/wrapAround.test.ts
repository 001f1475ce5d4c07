import fc from "fast-check";
import { expect, test } from "vitest";
import { freeBalance } from "../../src/core/placement/balanced/freeBalance.ts";
import { wrapAround } from "../../src/core/placement/balanced/wrapAround.ts";

const cases = fc
  .oneof(
    fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 5 }),
    fc
      .tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 4 }))
      .map(([ranks, count]) => new Array<number>(ranks).fill(count)),
  )
  .chain((slots) => {
    const most = slots.reduce((sum, count) => sum + count - 1, 1);
    const loads = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 20 })), { minLength: 1, maxLength: most });
    return fc.record({ slots: fc.constant(slots), loads });
  });

test("every expert is on a rank, no rank holds more than its slots or an expert twice; equal slots carry the mean each", () => {
  fc.assert(
    fc.property(cases, ({ slots, loads }) => {
      const held = wrapAround(loads, [...loads.keys()], slots);
      held.forEach((experts, rank) => {
        expect(experts.length).toBeLessThanOrEqual(slots[rank]!);
        expect(new Set(experts).size).toBe(experts.length);
      });
      expect(new Set(held.flat()).size).toBe(loads.length);
      if (slots.some((count) => count !== slots[0]) || loads.every((load) => load === 0)) return;
      expect(freeBalance(held, loads).maxOverMean).toBeCloseTo(1, 9);
    }),
    { numRuns: 1000 },
  );
});
