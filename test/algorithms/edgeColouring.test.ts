import fc from "fast-check";
import { expect, test } from "vitest";
import { edgeColouring } from "../../src/core/algorithms/edgeColouring.ts";
import { randomSource, shuffle } from "../../src/core/algorithms/random.ts";

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

test("where every vertex has the largest degree, no colour is left over at any", () => {
  const regular = fc
    .record({ size: fc.integer({ min: 2, max: 8 }), degree: fc.integer({ min: 2, max: 40 }), seed: fc.integer() })
    .map(({ size, degree, seed }) => {
      const random = randomSource(seed);
      const ids = Array.from({ length: size }, (_, n) => n);
      const edges = Array.from({ length: degree }, () => shuffle([...ids], random).map((right, left) => [left, right] as const));
      return { size, degree, edges: shuffle(edges.flat(), random) };
    });
  fc.assert(
    fc.property(regular, ({ size, degree, edges }) => {
      const left = Int32Array.from(edges, ([a]) => a);
      const right = Int32Array.from(edges, ([, b]) => b);
      const { colour } = edgeColouring(left, right, size, size);
      for (const ends of [left, right]) {
        for (let vertex = 0; vertex < size; vertex++) {
          const met = [...colour].filter((_, edge) => ends[edge] === vertex).sort((a, b) => a - b);
          expect(met).toEqual(Array.from({ length: degree }, (_, shade) => shade));
        }
      }
    }),
  );
});
