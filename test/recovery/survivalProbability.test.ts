import fc from "fast-check";
import { expect, test } from "vitest";
import { clusterUnits, defaultFailureProbability, unitSets } from "../../src/core/recovery/failureUnits.ts";
import { recoveryProbabilities } from "../../src/core/recovery/recoveryProbabilities.ts";
import { survivalProbability } from "../../src/core/recovery/survivalProbability.ts";
import { nodesIn, sizeOf } from "../support/everyPlacement.ts";

test("independent failures: equals the sum over all failed sets", () => {
  fc.assert(
    fc.property(
      fc
        .integer({ min: 1, max: 7 })
        .chain((nodes) => fc.tuple(fc.constant(nodes), fc.array(fc.integer({ min: 1, max: 2 ** nodes - 1 }), { maxLength: 6 }))),
      fc.constantFrom(0, 0.05, 0.3, 0.5, 0.97, 1),
      ([nodes, masks], p) => {
        let expected = 0;
        for (let failed = 0; failed < 1 << nodes; failed++) {
          const size = sizeOf(failed);
          if (masks.every((mask) => (mask & ~failed) !== 0)) expected += p ** size * (1 - p) ** (nodes - size);
        }
        const recovery = recoveryProbabilities(
          masks.map((mask) => nodesIn(mask, nodes)),
          nodes,
        );
        expect(survivalProbability(recovery, p)).toEqual({ probability: expect.closeTo(expected, 13) });
      },
    ),
  );
});

test("disjoint groups on 1000 nodes: the product over groups", () => {
  const groups = Array.from({ length: 500 }, (_, g) => [2 * g, 2 * g + 1]);
  const { probability } = survivalProbability(recoveryProbabilities(groups, 1000), 0.03);
  expect(probability).toBeCloseTo((1 - 0.03 ** 2) ** 500, 11);
});

test("estimates give an estimate with an interval", () => {
  const failures = [
    { failed: 1, probability: 1 },
    { failed: 2, probability: 0.5, interval: [0.4, 0.6] as const },
  ];
  expect(survivalProbability({ failures }, 0.5)).toEqual({
    probability: 0.875,
    interval: [expect.closeTo(0.85, 14), expect.closeTo(0.9, 14)],
  });
});

test("a failure probability outside [0, 1] is refused", () => {
  for (const p of [-0.1, 1.1, Number.NaN]) expect(() => survivalProbability({ failures: [] }, p)).toThrow(RangeError);
});

test("nodes of a domain fail as one; a node without a domain is one by itself", () => {
  const node = (name: string, domain?: string) => ({ name, slots: 1, gpus: 1, ...(domain === undefined ? {} : { domain }) });
  const cluster = [node("a", "east"), node("b"), node("c", "west"), node("d", "east"), node("e")];
  const domains = clusterUnits(cluster, "domain");
  expect(domains).toEqual({ unitOfNode: [0, 1, 2, 0, 3], count: 4 });
  const contracted = unitSets(
    [
      [0, 3],
      [2, 3, 4],
    ],
    domains,
  );
  expect(contracted).toEqual([[0], [0, 2, 3]]);
  expect(recoveryProbabilities(contracted, domains.count).failures[0]?.probability).toBe(0.75);
});

test("unless told, one unit fails on average, one in twenty of many, and a single one every other time", () => {
  expect([1, 2, 10, 20, 400].map(defaultFailureProbability)).toEqual([0.5, 0.5, 0.1, 0.05, 0.05]);
});

test("on large clusters, nothing is likelier than 1 by rounding", () => {
  for (const nodes of [60, 64, 96, 97]) {
    // Twelve sets of nodes that overlap in a ring.
    const size = Math.floor(nodes / 4);
    const sets = Array.from({ length: 12 }, (_, set) =>
      Array.from({ length: size }, (_, i) => (Math.floor((set * nodes) / 12) + i) % nodes).sort((a, b) => a - b),
    );
    const { failures, tolerates } = recoveryProbabilities(sets, nodes);
    expect(tolerates).toBe(size - 1);
    for (const { failed, probability } of failures) {
      if (failed <= tolerates) expect(probability).toBe(1);
      expect(probability).toBeLessThanOrEqual(1);
    }
    for (const p of [0.01, 0.05, 0.2]) expect(survivalProbability({ failures }, p).probability).toBeLessThanOrEqual(1);
  }
});
