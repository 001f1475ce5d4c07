import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { randomSource, shuffle } from "../../src/core/algorithms/random.ts";
import { uniformCluster } from "../../src/core/layout/cluster.ts";
import { hostSets } from "../../src/core/layout/placement.ts";
import { mroPlacement } from "../../src/core/placement/mro.ts";
import type { PlacementPolicy } from "../../src/core/placement/placeLayers.ts";
import { spreadPlacement } from "../../src/core/placement/spread.ts";
import { diagramSurvival } from "../../src/core/recovery/decisionDiagram.ts";
import { enumerateSurvival } from "../../src/core/recovery/enumeration.ts";
import { joinSurvival } from "../../src/core/recovery/hypergeometric.ts";
import { minimalHostSets } from "../../src/core/recovery/minimalHostSets.ts";
import { recoveryBounds } from "../../src/core/recovery/recoveryBounds.ts";
import { recoveryProbabilities } from "../../src/core/recovery/recoveryProbabilities.ts";
import { proportionInterval } from "../../src/core/recovery/sampling.ts";
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
  test("N=10, c=6, r=(7,7,7,7,8,8,8,8): spread beats MRO", () => {
    const replicas = [7, 7, 7, 7, 8, 8, 8, 8];
    const survivesSeven = (place: PlacementPolicy) => {
      const nodes = place(replicas, uniformCluster(10, 6));
      return recoveryProbabilities(hostSets({ loads: replicas, nodes }), 10).failures[6]?.probability;
    };
    expect(survivesSeven(mroPlacement)).toBeCloseTo(0.7, 12);
    expect(survivesSeven(spreadPlacement)).toBeCloseTo(0.967, 3);
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

/** Host sets of w consecutive nodes on a ring. */
const ring = (nodes: number, width: number) =>
  Array.from({ length: nodes }, (_, node) => Array.from({ length: width }, (_, i) => (node + i) % nodes).sort((a, b) => a - b));

/** Failed sets of k among n nodes on a ring, no two adjacent, over all of that size: n / (n - k) * C(n - k, k) / C(n, k). */
function apartOnRing(n: number, k: number): number {
  if (2 * k > n) return 0;
  let share = n / (n - k);
  for (let i = 0; i < k; i++) share *= (n - k - i) / (n - i);
  return share;
}

/** Random sets of two to four nodes. */
function randomSets(nodes: number, count: number, seed: number): number[][] {
  const random = randomSource(seed);
  return Array.from({ length: count }, () =>
    shuffle([...Array(nodes).keys()], random)
      .slice(0, 2 + random.below(3))
      .sort((a, b) => a - b),
  );
}

test.each([1, 3, 6, 20, 25])("enumeration counts a ring of %d nodes", (nodes) => {
  enumerateSurvival(nodes === 1 ? [[0]] : ring(nodes, 2), nodes).forEach((probability, k) => {
    expect(probability).toBeCloseTo(apartOnRing(nodes, k), 13);
  });
});

describe("decision diagram", () => {
  test("equals enumeration", () => {
    fc.assert(
      fc.property(family, ({ nodes, masks }) => {
        const minimal = minimalHostSets(
          masks.map((mask) => nodesIn(mask, nodes)),
          nodes,
        );
        const expected = enumerateSurvival(minimal, nodes);
        diagramSurvival(minimal, nodes, Infinity)?.forEach((probability, k) => {
          expect(probability).toBeCloseTo(expected[k] as number, 13);
        });
        expect(diagramSurvival(minimal, nodes, -1)).toBeUndefined();
      }),
    );
  });
  test.each([20, 24])("equals enumeration on %d nodes in 40 random sets", (nodes) => {
    const minimal = minimalHostSets(randomSets(nodes, 40, nodes), nodes);
    const expected = enumerateSurvival(minimal, nodes);
    const survival = diagramSurvival(minimal, nodes, 1e8) as Float64Array;
    expect([...survival]).toEqual([...expected].map((probability) => expect.closeTo(probability, 13)));
  });
  test.each([40, 1000])("answers for a ring of %d nodes", (nodes) => {
    const recovery = recoveryProbabilities(ring(nodes, 2), nodes);
    expect(recovery.method).toBe("decision-diagram");
    recovery.failures.forEach(({ failed, probability }) => {
      expect(probability).toBeCloseTo(apartOnRing(nodes, failed), 12);
    });
  });
  test("components are joined whatever method answers for each", () => {
    // A pair, a ring of 6 and a ring of 30, and two nodes that hold nothing that counts.
    const shifted = (sets: number[][], by: number) => sets.map((set) => set.map((node) => node + by));
    const sets = [[0, 1], ...shifted(ring(6, 2), 2), ...shifted(ring(30, 2), 8)];
    const recovery = recoveryProbabilities(sets, 40);
    expect(recovery.method).toBe("decision-diagram");
    const whole = diagramSurvival(sets, 40, Infinity) as Float64Array;
    recovery.failures.forEach(({ failed, probability }) => {
      expect(probability).toBeCloseTo(whole[failed] as number, 13);
    });
  });
});

test("bounds from sets and pairs of sets hold", () => {
  fc.assert(
    fc.property(family, ({ nodes, masks }) => {
      const minimal = minimalHostSets(
        masks.map((mask) => nodesIn(mask, nodes)),
        nodes,
      );
      const { least, most } = recoveryBounds(minimal, nodes);
      enumerateSurvival(minimal, nodes).forEach((probability, k) => {
        expect(least[k]).toBeLessThanOrEqual(probability + 1e-12);
        expect(most[k]).toBeGreaterThanOrEqual(probability - 1e-12);
      });
    }),
  );
});

test("the bound from pairs is the least that sums over sets and pairs of sets give", () => {
  fc.assert(
    fc.property(family, ({ nodes, masks }) => {
      const minimal = minimalHostSets(
        masks.map((mask) => nodesIn(mask, nodes)),
        nodes,
      );
      // That all of these nodes are among k failed ones.
      const allFail = (set: readonly number[], k: number) =>
        set.reduce((product, _, i) => product * Math.max(0, (k - i) / (nodes - i)), 1);
      recoveryBounds(minimal, nodes).most.forEach((bound, k) => {
        let [ofSets, ofPairs] = [0, 0];
        minimal.forEach((set, s) => {
          ofSets += allFail(set, k);
          for (const other of minimal.slice(s + 1)) ofPairs += allFail([...new Set([...set, ...other])], k);
        });
        // Dawson and Sankoff: each i gives a bound.
        const bounds = minimal.map((_, at) => (2 * ofSets) / (at + 2) - (2 * ofPairs) / ((at + 1) * (at + 2)));
        expect(bound).toBeCloseTo(Math.min(1, 1 - Math.max(0, ...bounds)), 9);
      });
    }),
  );
});

describe("estimates", () => {
  const nodes = 40;
  const sets = ring(nodes, 3);
  const exact = recoveryProbabilities(sets, nodes);
  const sampled = recoveryProbabilities(sets, nodes, { effort: 0, seed: 3 });

  test("are named, carry intervals that hold the truth, and are exact where death is rare or sure", () => {
    expect(exact.method).toBe("decision-diagram");
    expect(sampled).toMatchObject({ method: "sampling", samples: 20_000, tolerates: 2 });
    let estimated = 0;
    let missed = 0;
    sampled.failures.forEach(({ failed, probability, interval }) => {
      const truth = exact.failures[failed - 1]?.probability as number;
      if (interval === undefined) {
        expect(probability).toBeCloseTo(truth, 12);
        return;
      }
      estimated++;
      expect(interval[0]).toBeLessThanOrEqual(probability);
      expect(interval[1]).toBeGreaterThanOrEqual(probability);
      if (truth < interval[0] - 1e-12 || truth > interval[1] + 1e-12) missed++;
      expect(interval[1] - interval[0]).toBeLessThan(0.02);
    });
    expect(estimated).toBeGreaterThan(20);
    expect(missed).toBeLessThanOrEqual(3);
    expect(sampled.failures[2]?.interval).toBeUndefined();
    expect(sampled.failures.at(-1)).toEqual({ failed: nodes, probability: 0 });
  });
  test("repeat for the same seed only", () => {
    expect(recoveryProbabilities(sets, nodes, { effort: 0, seed: 3 })).toEqual(sampled);
    expect(recoveryProbabilities(sets, nodes, { effort: 0, seed: 8 })).not.toEqual(sampled);
  });
  test("need a positive whole number of samples", () => {
    expect(() => recoveryProbabilities(sets, nodes, { samples: 0 })).toThrow(RangeError);
  });
  test("interval of a proportion: exact limits at the edges, Wilson's in between", () => {
    expect(proportionInterval(100, 100)[0]).toBeCloseTo(0.9638, 4);
    expect(proportionInterval(0, 100)[1]).toBeCloseTo(0.0362, 4);
    expect(proportionInterval(50, 100)).toEqual([expect.closeTo(0.4038, 4), expect.closeTo(0.5962, 4)]);
  });
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
