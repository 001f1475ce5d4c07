import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { lazarusDispatch } from "../../src/core/dispatch/lazarusDispatch.ts";
import { evenRouting } from "../../src/core/dispatch/routing.ts";
import { busiestRank } from "../../src/gpu/busiestRank.ts";
import { layerWorkload } from "../../src/gpu/layerWorkload.ts";
import { rowOrder } from "../../src/gpu/rowOrder.ts";

const shapeArbitrary = fc
  .record({
    tokens: fc.integer({ min: 1, max: 60 }),
    hidden: fc.integer({ min: 4, max: 12 }),
    feedForward: fc.integer({ min: 1, max: 4 }),
    experts: fc.integer({ min: 1, max: 9 }),
    topK: fc.integer({ min: 1, max: 3 }),
  })
  .filter(({ topK, experts }) => topK <= experts);

describe("a drawn layer", () => {
  test("routes each token to distinct experts by falling probability, and its plan sends every row", () => {
    fc.assert(
      fc.property(shapeArbitrary, fc.nat(1000), (shape, seed) => {
        const { routed, received } = layerWorkload(shape, seed);
        const { tokens, topK, experts } = shape;
        const counts = new Array<number>(experts).fill(0);
        for (let token = 0; token < tokens; token++) {
          const [chosen, probabilities] = [0, topK].map((from) => [
            ...routed.subarray(token * 2 * topK + from, token * 2 * topK + from + topK),
          ]);
          expect(new Set(chosen).size).toBe(topK);
          expect([...probabilities!].sort((a, b) => b - a)).toEqual(probabilities);
          for (const expert of chosen!) counts[expert]! += 1;
        }
        for (const { expert, tokens: sent } of received) counts[expert]! -= sent;
        expect(counts).toEqual(counts.map(() => 0));
      }),
      { numRuns: 25 },
    );
  });

  test("is the same for the same seed", () => {
    const shape = { tokens: 20, hidden: 6, feedForward: 3, experts: 4, topK: 2 };
    expect(layerWorkload(shape, 3).features).toEqual(layerWorkload(shape, 3).features);
    expect(layerWorkload(shape, 3).weights.up).toEqual(layerWorkload(shape, 3).weights.up);
    expect(layerWorkload(shape, 3).weights.up).not.toEqual(layerWorkload(shape, 4).weights.up);
  });

  test("draws its parts apart: none is one of another seed's", () => {
    const shape = { tokens: 20, hidden: 6, feedForward: 3, experts: 4, topK: 2 };
    const numbers = (seed: number) => {
      const { router, weights, outputs } = layerWorkload(shape, seed);
      // Both have the width of the same uniform draws, up to the standard deviation.
      return [router, weights.up, outputs.map((value) => value / Math.sqrt(shape.hidden))].map((part) => part[0]!.toFixed(5));
    };
    const drawn = [0, 1, 2, 3].flatMap(numbers);
    expect(new Set(drawn).size).toBe(drawn.length);
  });

  test("refuses shapes that cannot be", () => {
    const shape = { tokens: 20, hidden: 6, feedForward: 3, experts: 4, topK: 2 };
    for (const wrong of [{ topK: 5 }, { tokens: 0 }, { hidden: 1.5 }, { tokens: 1 << 23 }]) {
      expect(() => layerWorkload({ ...shape, ...wrong }, 0)).toThrow(RangeError);
    }
    expect(() => layerWorkload(shape, 0, [{ expert: 0, source: 0, tokens: 20 }])).toThrow(/topK/);
    expect(() => layerWorkload({ ...shape, topK: 1 }, 0, [{ expert: 0, source: 0, tokens: 19 }])).toThrow(/19/);
  });

  test("follows a plan: experts, sources and order of rows", () => {
    const received = [
      { expert: 0, source: 0, tokens: 3 },
      { expert: 0, source: 2, tokens: 1 },
      { expert: 1, source: 0, tokens: 2 },
      { expert: 2, source: 1, tokens: 4 },
    ];
    const workload = layerWorkload({ tokens: 10, hidden: 8, feedForward: 2, experts: 3, topK: 1 }, 5, received);
    const order = rowOrder(workload);
    expect([...order.experts]).toEqual([0, 0, 0, 0, 1, 1, 2, 2, 2, 2]);
    // Tokens come by source: rank 0 sends 3 + 2, rank 1 four, rank 2 one; so does the receive buffer.
    expect([...order.tokens]).toEqual([0, 1, 2, 9, 3, 4, 5, 6, 7, 8]);
    expect([...order.received]).toEqual([...order.tokens]);
    expect([...order.rows].map((row) => order.tokens[row])).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });
});

describe("the busiest rank", () => {
  const replicas = [[[0, 1]], [[1, 1]], [[1, 1]]] as const;
  const plan = (layer: number, loads: number[]) => ({ layer, dispatch: lazarusDispatch(evenRouting(loads, 2), replicas) });

  test("is that of the least even layer, its tokens scaled to the mean", () => {
    const found = busiestRank([plan(3, [50, 25, 25]), plan(4, [20, 60, 20])], 10);
    expect(found).toMatchObject({ layer: 4, rank: 1, maxOverMean: 1.6, experts: 2 });
    expect(found.received).toEqual([
      { expert: 0, source: 0, tokens: 6 },
      { expert: 0, source: 1, tokens: 6 },
      { expert: 1, source: 0, tokens: 2 },
      { expert: 1, source: 1, tokens: 2 },
    ]);
  });

  test("needs tokens", () => {
    expect(() => busiestRank([plan(0, [0, 0, 0])], 10)).toThrow(RangeError);
  });
});
