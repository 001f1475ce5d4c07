import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { enumerateSurvival } from "../../src/core/recovery/enumeration.ts";
import { joinSurvival } from "../../src/core/recovery/hypergeometric.ts";
import { minimalHostSets } from "../../src/core/recovery/minimalHostSets.ts";
import { recoveryProbabilities } from "../../src/core/recovery/recoveryProbabilities.ts";
import { proportionInterval, sampleSurvivors } from "../../src/core/recovery/sampling.ts";
import { nodesIn, recoveryByTrial } from "../support/everyPlacement.ts";

const probabilities = (sets: number[][], nodes: number) => recoveryProbabilities(sets, nodes).failures.map((f) => f.probability);

/** Consecutive nodes in groups of the given sizes. */
function groups(...sizes: number[]): number[][] {
  let next = 0;
  return sizes.map((size) => Array.from({ length: size }, () => next++));
}

const family = fc.integer({ min: 1, max: 9 }).chain((nodes) =>
  fc.record({
    nodes: fc.constant(nodes),
    masks: fc.array(fc.integer({ min: 1, max: 2 ** nodes - 1 }), { minLength: 1, maxLength: 8 }),
  }),
);

describe("the figures of Lazarus' own setting, N = 10", () => {
  test.each([
    { sizes: [2, 2, 2], expected: [1, 42 / 45, 96 / 120, 129 / 210, 102 / 252, 44 / 210] },
    { sizes: [2, 2], expected: [1, 43 / 45, 104 / 120, 155 / 210, 146 / 252, 85 / 210] },
    { sizes: [2, 6], expected: [1, 44 / 45, 112 / 120, 182 / 210, 196 / 252, 139 / 210] },
  ])("groups of $sizes nodes", ({ sizes, expected }) => {
    const recovery = recoveryProbabilities(groups(...sizes), 10);
    expect(recovery.method).toBe("disjoint-sets");
    expect(recovery.tolerates).toBe(1);
    expected.forEach((probability, i) => {
      expect(recovery.failures[i]?.probability).toBeCloseTo(probability, 14);
    });
  });
});

describe("counterexamples to Theorem 1", () => {
  test("N=5, c=2, r=(3,3,4): the best placement survives any two failures, MRO does not", () => {
    expect(
      probabilities(
        [
          [0, 1, 2],
          [0, 1, 2],
          [3, 4],
        ],
        5,
      ).slice(0, 3),
    ).toEqual([1, 0.9, 0.6]);
  });
  test("N=5, c=2, five experts with two replicas: MRO dies of one failure", () => {
    expect(probabilities([[0, 1], [0, 1], [2, 3], [2, 3], [4]], 5).slice(0, 2)).toEqual([0.8, 0.4]);
    expect(
      probabilities(
        [
          [0, 1],
          [0, 1],
          [2, 3],
          [2, 4],
          [3, 4],
        ],
        5,
      ).slice(0, 2),
    ).toEqual([1, 0.6]);
  });
});

test("equals trial of every failed set", () => {
  fc.assert(
    fc.property(family, ({ nodes, masks }) => {
      const expected = recoveryByTrial(masks, nodes);
      const recovery = recoveryProbabilities(
        masks.map((mask) => nodesIn(mask, nodes)),
        nodes,
      );
      expected.forEach((probability, i) => {
        expect(recovery.failures[i]).toEqual({ failed: i + 1, probability: expect.closeTo(probability, 14) });
      });
      const certain = expected.findIndex((probability) => probability < 1);
      expect(recovery.tolerates).toBe(certain);
      expect(expected.at(-1)).toBe(0);
    }),
  );
});

test("enumeration counts 20 and 24 nodes exactly", () => {
  const ring = (nodes: number) => Array.from({ length: nodes }, (_, node) => [node, (node + 1) % nodes]);
  // Failed sets of k among n nodes on a ring, no two adjacent: n / (n - k) * C(n - k, k).
  for (const nodes of [3, 6, 20, 24]) {
    const survival = enumerateSurvival(ring(nodes), nodes);
    const choose = (n: number, k: number): number => (k === 0 ? 1 : (choose(n - 1, k - 1) * n) / k);
    for (let k = 0; 2 * k <= nodes; k++) {
      expect(survival[k]).toBeCloseTo((nodes / (nodes - k)) * (choose(nodes - k, k) / choose(nodes, k)), 14);
    }
  }
});

test("minimal sets are distinct, minimal, and dominate the rest", () => {
  fc.assert(
    fc.property(family, ({ nodes, masks }) => {
      const minimal = minimalHostSets(
        masks.map((mask) => nodesIn(mask, nodes)),
        nodes,
      );
      const expected = [...new Set(masks)].filter((mask) => !masks.some((other) => other !== mask && (other & ~mask) === 0));
      const asText = (sets: (readonly number[])[]) => sets.map((set) => set.join()).sort();
      expect(asText(minimal)).toEqual(asText(expected.map((mask) => nodesIn(mask, nodes))));
    }),
  );
});

test("joining groups of nodes is Vandermonde's convolution", () => {
  const choose = (n: number, k: number): number => (k < 0 || k > n ? 0 : k === 0 ? 1 : (choose(n - 1, k - 1) * n) / k);
  const shares = (length: number) => fc.array(fc.integer({ min: 0, max: 100 }), { minLength: length, maxLength: length });
  fc.assert(
    fc.property(
      fc.nat(9).chain((n) => shares(n + 1)),
      fc.nat(9).chain((n) => shares(n + 1)),
      (first, second) => {
        const joint = joinSurvival(Float64Array.from(first), Float64Array.from(second));
        const [n1, n2] = [first.length - 1, second.length - 1];
        joint.forEach((value, k) => {
          let sum = 0;
          for (let j = 0; j <= n2; j++) sum += choose(n1, k - j) * choose(n2, j) * (first[k - j] ?? 0) * (second[j] as number);
          expect(value).toBeCloseTo(sum / choose(n1 + n2, k), 9);
        });
      },
    ),
  );
});

describe("large clusters", () => {
  test("333 groups of three on 1000 nodes: exact, and equal to the closed form for few failures", () => {
    const recovery = recoveryProbabilities(groups(...new Array<number>(333).fill(3)), 1000);
    expect(recovery.method).toBe("disjoint-sets");
    expect(recovery.tolerates).toBe(2);
    // 333 killing triples of C(1000, 3); four failures contain two of them never.
    expect(1 - (recovery.failures[2]?.probability as number)).toBeCloseTo(333 / 166_167_000, 13);
    expect(1 - (recovery.failures[3]?.probability as number)).toBeCloseTo((333 * 997) / 41_417_124_750, 13);
    const all = recovery.failures.map((f) => f.probability);
    expect(all.slice(667).every((probability) => probability === 0)).toBe(true);
    expect(all[665]).toBeGreaterThan(0);
  });

  test("more host sets than can be counted exactly are sampled, with intervals that hold the truth", () => {
    // A ring of 40 nodes: exact figures are known.
    const nodes = 40;
    const ring = Array.from({ length: nodes }, (_, node) => [node, (node + 1) % nodes].sort((a, b) => a - b));
    const survivors = sampleSurvivors(ring, nodes, 20_000, 1);
    const choose = (n: number, k: number): number => (k < 0 || k > n ? 0 : k === 0 ? 1 : (choose(n - 1, k - 1) * n) / k);
    let inside = 0;
    for (let k = 1; k <= 20; k++) {
      const truth = (nodes / (nodes - k)) * (choose(nodes - k, k) / choose(nodes, k));
      const [low, high] = proportionInterval(survivors[k] as number, 20_000);
      expect(low).toBeLessThanOrEqual(high);
      if (low <= truth && truth <= high) inside++;
    }
    expect(inside).toBeGreaterThanOrEqual(18);
    expect(survivors[1]).toBe(20_000);
    expect(survivors[21]).toBe(0);
    expect(sampleSurvivors(ring, nodes, 500, 3)).toEqual(sampleSurvivors(ring, nodes, 500, 3));
  });

  test("intervals at the edges are exact limits, Wilson's in between", () => {
    expect(proportionInterval(100, 100)[0]).toBeCloseTo(0.9638, 4);
    expect(proportionInterval(0, 100)[1]).toBeCloseTo(0.0362, 4);
    expect(proportionInterval(50, 100)).toEqual([expect.closeTo(0.4038, 4), expect.closeTo(0.5962, 4)]);
  });
});

describe("edges", () => {
  test("an expert without hosts is lost already", () => {
    expect(recoveryProbabilities([[0, 1], []], 3)).toMatchObject({
      tolerates: 0,
      failures: [1, 2, 3].map((failed) => ({ failed, probability: 0 })),
    });
  });
  test("without experts nothing can be lost", () => {
    expect(recoveryProbabilities([], 2)).toMatchObject({ tolerates: 2, failures: [{ probability: 1 }, { probability: 1 }] });
  });
  test.each([
    ["unsorted", [[1, 0]], 2],
    ["repeated", [[0, 0]], 2],
    ["unknown node", [[2]], 2],
    ["fraction", [[0.5]], 2],
    ["no nodes", [], 0],
  ])("%s host sets are refused", (_, sets, nodes) => {
    expect(() => recoveryProbabilities(sets, nodes)).toThrow(RangeError);
  });
});
