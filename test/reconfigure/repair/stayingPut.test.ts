import fc from "fast-check";
import { expect, test } from "vitest";
import { stayingPut } from "../../../src/core/reconfigure/repair/stayingPut.ts";

test("what a rank holds and is to hold again stays in its slot; the rest is a permutation within ranks", () => {
  const slots = fc.array(fc.record({ wanted: fc.integer({ min: -1, max: 4 }), held: fc.integer({ min: -1, max: 4 }) }), {
    minLength: 1,
    maxLength: 9,
  });
  fc.assert(
    fc.property(slots, fc.integer({ min: 1, max: 4 }), (given, perRank) => {
      const wanted = Int32Array.from(given, (slot) => slot.wanted);
      const held = Int32Array.from(given, (slot) => slot.held);
      const rankOfSlot = given.map((_, slot) => Math.floor(slot / perRank));
      const place = stayingPut(wanted, held, rankOfSlot);
      expect([...place].sort((a, b) => a - b)).toEqual([...given.keys()]);
      place.forEach((at, slot) => {
        expect(rankOfSlot[at]).toBe(rankOfSlot[slot]);
      });
      // As many stay as both have, by counting.
      for (const rank of new Set(rankOfSlot)) {
        const mine = [...given.keys()].filter((slot) => rankOfSlot[slot] === rank);
        const count = (values: Int32Array, expert: number) => mine.filter((slot) => values[slot] === expert).length;
        const both = [-1, 0, 1, 2, 3, 4].reduce((sum, e) => sum + Math.min(count(wanted, e), count(held, e)), 0);
        expect(mine.filter((slot) => held[place[slot]!] === wanted[slot])).toHaveLength(both);
      }
    }),
  );
});
