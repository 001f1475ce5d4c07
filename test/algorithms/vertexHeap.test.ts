import fc from "fast-check";
import { expect, test } from "vitest";
import { VertexHeap } from "../../src/core/algorithms/vertexHeap.ts";

test("whatever is added and moved up, the nearest vertex of those that wait comes first", () => {
  const steps = fc.array(fc.tuple(fc.nat(29), fc.nat(90), fc.nat(4)), { minLength: 30, maxLength: 120 });
  fc.assert(
    fc.property(steps, (list) => {
      const distance = new Float64Array(30).fill(100);
      const heap = new VertexHeap(30, distance);
      const waiting = new Set<number>();
      const take = () => {
        const taken = heap.takeNearest();
        if (waiting.size === 0) return expect(taken).toBe(-1);
        const nearest = Math.min(...[...waiting].map((vertex) => distance[vertex]!));
        expect(waiting.delete(taken)).toBe(true);
        expect(distance[taken]).toBe(nearest);
      };
      for (const [vertex, far, takes] of list) {
        if (takes === 0) take();
        distance[vertex] = waiting.has(vertex) ? Math.min(distance[vertex]!, far) : far;
        heap.add(vertex);
        waiting.add(vertex);
      }
      while (waiting.size > 0) take();
      take();
    }),
    { numRuns: 300 },
  );
});
