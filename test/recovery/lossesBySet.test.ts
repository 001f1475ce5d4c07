import fc from "fast-check";
import { expect, test } from "vitest";
import { lossesBySet } from "../../src/core/recovery/lossesBySet.ts";

const NODES = 7;
const hostSet = fc
  .uniqueArray(fc.integer({ min: 0, max: NODES - 1 }), { minLength: 1, maxLength: 5 })
  .map((set) => set.sort((a, b) => a - b));

test("experts lost by sets of one, two and three nodes, against counting them", () => {
  fc.assert(
    fc.property(fc.array(hostSet, { minLength: 1, maxLength: 30 }), (hostSets) => {
      const lost = (...failed: number[]) => hostSets.filter((hosts) => hosts.every((node) => failed.includes(node))).length;
      const { one, two, three, fatal } = lossesBySet(hostSets, NODES);
      const counted = [0, 0, 0];
      for (let a = 0; a < NODES; a++) {
        expect(one[a]).toBe(lost(a));
        if (lost(a) > 0) counted[0]!++;
        for (let b = 0; b < NODES; b++) {
          expect(two[a * NODES + b]).toBe(lost(a, b));
          if (a < b && lost(a, b) > 0) counted[1]!++;
          if (a === b) continue;
          const thirds = [...Array(NODES).keys()].filter((c) => c !== a && c !== b).map((c) => lost(a, b, c));
          expect(three![a * NODES + b]).toBe(Math.max(...thirds));
          for (let c = b + 1; a < b && c < NODES; c++) if (lost(a, b, c) > 0) counted[2]!++;
        }
      }
      expect(fatal).toEqual(counted);
    }),
  );
});

test("two nodes have no sets of three", () => {
  expect(lossesBySet([[0], [0, 1]], 2)).toEqual({ one: Int32Array.of(1, 0), two: Int32Array.of(1, 2, 2, 0), fatal: [1, 1] });
});
