import fc from "fast-check";
import { expect, test } from "vitest";
import { connectedComponents } from "../../src/core/recovery/components.ts";
import { diagramSurvival } from "../../src/core/recovery/decisionDiagram.ts";
import { decisionOrder } from "../../src/core/recovery/decisionOrder.ts";
import { minimalHostSets } from "../../src/core/recovery/minimalHostSets.ts";
import { popcount } from "../../src/core/recovery/popcount.ts";
import { recoveryProbabilities } from "../../src/core/recovery/recoveryProbabilities.ts";
import { sampleSurvivors } from "../../src/core/recovery/sampling.ts";
import { nodesIn, recoveryByTrial } from "../support/everyPlacement.ts";

const families = fc.integer({ min: 1, max: 9 }).chain((nodes) =>
  fc.record({
    nodes: fc.constant(nodes),
    sets: fc.array(
      fc.uniqueArray(fc.nat(nodes - 1), { minLength: 1, maxLength: 4 }).map((set) => set.sort((a, b) => a - b)),
      { minLength: 1, maxLength: 8 },
    ),
  }),
);

test("components are the host sets that reach each other over common nodes, renumbered in order", () => {
  fc.assert(
    fc.property(families, ({ nodes, sets }) => {
      const left = new Set(sets.keys());
      const expected = [];
      for (const start of left) {
        const members = new Set([start]);
        for (const s of members) {
          for (const other of left) if (sets[other]!.some((node) => sets[s]!.includes(node))) members.add(other);
        }
        for (const s of members) left.delete(s);
        const own = [...members].sort((a, b) => a - b).map((s) => sets[s]!);
        const used = [...new Set(own.flat())].sort((a, b) => a - b);
        expected.push({ nodes: used.length, sets: own.map((set) => set.map((node) => used.indexOf(node))) });
      }
      expect(connectedComponents(sets, nodes)).toEqual(expected);
    }),
  );
});

test("the node decided next leaves the fewest sets open, of equals it is in most open sets, then the first", () => {
  fc.assert(
    fc.property(families, ({ nodes, sets }) => {
      const decided = new Set<number>();
      const isOpen = (set: readonly number[], done: ReadonlySet<number>) =>
        set.some((node) => done.has(node)) && !set.every((node) => done.has(node));
      const rank = (node: number) => ({
        left: sets.filter((set) => isOpen(set, new Set([...decided, node]))).length,
        within: sets.filter((set) => set.includes(node) && isOpen(set, decided)).length,
      });
      const expected = new Array<number>(nodes);
      for (let step = 0; step < nodes; step++) {
        const [next] = [...expected.keys()]
          .filter((node) => !decided.has(node))
          .map((node) => ({ node, ...rank(node) }))
          .sort((a, b) => a.left - b.left || b.within - a.within || a.node - b.node);
        expected[next!.node] = step;
        decided.add(next!.node);
      }
      expect([...decisionOrder(sets, nodes)]).toEqual(expected);
    }),
  );
});

// A tail that is open costs 1 and 1 for every tail affected or opened, and each state an eighth of the node's place in the order.
test("a diagram takes as many steps as its open tails say, and no more than allowed", () => {
  // Two states at the second node and the third; one has a tail, {1, 2} and then {2}: 2 (1 + 1) + 2 (1 / 8 + 2 / 8).
  expect(diagramSurvival([[0, 1, 2]], 3, 4.75)).toEqual(Float64Array.of(1, 1, 1, 0));
  expect(diagramSurvival([[0, 1, 2]], 3, 4.74)).toBeUndefined();
  // In the order 1, 0, 2: at node 0 one tail is affected and one opened, at node 2 one affected: (1 + 2) + (1 + 1) + 6 / 8.
  const pairs = [[0, 1], [0, 2]]; // biome-ignore format: a picture
  expect(diagramSurvival(pairs, 3, 5.75)).toEqual(Float64Array.of(1, 1, 1 / 3, 0));
  expect(diagramSurvival(pairs, 3, 5.74)).toBeUndefined();
  // 1,343.4 steps, and 1,971 if tails that contain others were kept.
  const overlapping = Array.from({ length: 34 }, (_, n) => [n, n + 1, n + 2, n + 4]);
  expect(diagramSurvival(overlapping, 38, 1344)).toBeDefined();
});

test("sampled orders live until a host set has failed, and are as many as the counts of all sets say", () => {
  fc.assert(
    fc.property(families, fc.nat(1000), ({ nodes, sets }, seed) => {
      const minimal = minimalHostSets(sets, nodes);
      const masks = minimal.map((set) => set.reduce((mask, node) => mask | (1 << node), 0));
      expect(masks.map((mask) => nodesIn(mask, nodes))).toEqual(minimal);
      const samples = 2000;
      const survivors = sampleSurvivors(minimal, nodes, samples, seed);
      expect(survivors[0]).toBe(samples);
      recoveryByTrial(masks, nodes).forEach((truth, i) => {
        const spread = Math.sqrt(truth * (1 - truth) * samples);
        expect(Math.abs(survivors[i + 1]! - truth * samples)).toBeLessThanOrEqual(6 * spread);
      });
    }),
    { numRuns: 50 },
  );
});

test("samples drawn: 20,000, fewer on large problems, 2,000 at least", () => {
  const drawn = (nodes: number, pairs: number) => {
    const chain = Array.from({ length: pairs }, (_, node) => [node, node + 1]);
    const { method, samples } = recoveryProbabilities(chain, nodes, { effort: 0 });
    expect(method).toBe("sampling");
    return samples;
  };
  expect(drawn(100, 40)).toBe(20_000);
  // 1e8 over the nodes and the hosts of all sets.
  expect(drawn(7500, 1250)).toBe(10_000);
  expect(drawn(50_000, 2000)).toBe(2_000);
});

test("ones are counted among all 32 bits", () => {
  fc.assert(
    fc.property(fc.integer(), (bits) => {
      expect(popcount(bits)).toBe((bits >>> 0).toString(2).replaceAll("0", "").length);
    }),
  );
});
