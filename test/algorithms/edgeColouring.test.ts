import fc from "fast-check";
import { expect, test } from "vitest";
import { edgeColouring } from "../../src/core/algorithms/edgeColouring.ts";

test("edges of one colour share no end, and there are as many colours as the largest degree", () => {
  const graphs = fc
    .record({ left: fc.integer({ min: 1, max: 7 }), right: fc.integer({ min: 1, max: 7 }) })
    .chain(({ left, right }) =>
      fc.record({
        left: fc.constant(left),
        right: fc.constant(right),
        edges: fc.array(fc.tuple(fc.nat(left - 1), fc.nat(right - 1)), { maxLength: 120 }),
      }),
    );
  fc.assert(
    fc.property(graphs, ({ left, right, edges }) => {
      const from = Int32Array.from(edges, ([a]) => a);
      const to = Int32Array.from(edges, ([, b]) => b);
      const { colour, colours } = edgeColouring(from, to, left, right);
      const degree = (ends: Int32Array, vertex: number) => ends.filter((end) => end === vertex).length;
      const largest = Math.max(
        ...[...Array(left).keys()].map((v) => degree(from, v)),
        ...[...Array(right).keys()].map((v) => degree(to, v)),
      );
      expect(colours).toBe(largest);
      const ends = new Set<string>();
      colour.forEach((shade, edge) => {
        expect(shade >= 0 && shade < colours).toBe(true);
        ends.add(`left ${from[edge]} ${shade}`).add(`right ${to[edge]} ${shade}`);
      });
      expect(ends.size).toBe(2 * edges.length);
    }),
    { numRuns: 300 },
  );
});
