import fc from "fast-check";
import { expect, test } from "vitest";
import { layerBalance, planBalance } from "../../src/core/balance/planBalance.ts";
import { balancedDispatch } from "../../src/core/dispatch/balancedDispatch.ts";
import { rankGroups } from "../../src/core/dispatch/rankGroups.ts";
import { evenRouting } from "../../src/core/dispatch/routing.ts";
import { summarizeDispatch } from "../../src/core/dispatch/summary.ts";
import { type ClusterNode, totalGpus, uniformCluster } from "../../src/core/layout/cluster.ts";
import { countReplicas, FREE_SLOT, type LayerPlacement, replicasByRank } from "../../src/core/layout/placement.ts";

const SLOTS_OF_A_GPU = 2;

/** Nodes of one to three GPUs, and layers whose slots are drawn at random; every expert has a copy. */
const plans = fc
  .record({
    gpus: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 5 }),
    layers: fc.array(
      fc.record({
        loads: fc.array(fc.oneof(fc.nat(20), fc.nat(100_000)), { minLength: 2, maxLength: 2 }),
        slots: fc.array(fc.nat(1), { minLength: 30, maxLength: 30 }),
      }),
      { minLength: 1, maxLength: 4 },
    ),
  })
  .map(({ gpus, layers }) => ({
    cluster: gpus.map((count, n): ClusterNode => ({ name: `node${n}`, slots: count * SLOTS_OF_A_GPU, gpus: count })),
    layers: layers.map(({ loads, slots }, layer) => placed(layer, loads, gpus, [0, 1, ...slots])),
  }));

function placed(layer: number, loads: readonly number[], gpus: readonly number[], row: readonly number[]): LayerPlacement {
  let from = 0;
  const nodes = gpus.map((count) => {
    from += count * SLOTS_OF_A_GPU;
    return row.slice(from - count * SLOTS_OF_A_GPU, from);
  });
  return { layer, loads, replicas: countReplicas(loads.length, nodes), nodes };
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);

test("optimal is what balanced dispatch reaches, but for whole tokens; even what slots add up to", () => {
  fc.assert(
    fc.property(plans, ({ cluster, layers }) => {
      const ranks = totalGpus(cluster);
      const expected = layers.map((layer) => {
        const mean = sum(layer.loads) / ranks;
        const routing = evenRouting(layer.loads, ranks);
        const dispatch = balancedDispatch(routing, replicasByRank(cluster, layer), rankGroups(cluster));
        const row = layer.nodes.flat();
        const even = Array.from({ length: ranks }, (_, rank) =>
          sum(
            row
              .slice(rank * SLOTS_OF_A_GPU, (rank + 1) * SLOTS_OF_A_GPU)
              .map((expert) => layer.loads[expert]! / layer.replicas[expert]!),
          ),
        );
        return { mean, busiest: Math.max(...summarizeDispatch(dispatch).load), even: mean === 0 ? 1 : Math.max(...even) / mean };
      });
      const all = planBalance(cluster, layers);
      layers.forEach((layer, l) => {
        const { even, optimal, evenMean, optimalMean, byNode } = planBalance(cluster, [layer]);
        const { mean, busiest } = expected[l]!;
        expect(Math.max(0, Math.ceil(optimal * mean - 1e-6))).toBe(busiest);
        expect(even).toBeCloseTo(expected[l]!.even, 9);
        expect([evenMean, optimalMean]).toEqual([even, optimal]);
        expect(byNode.even).toBeLessThanOrEqual(even * (1 + 1e-12));
        expect(byNode.optimal).toBeLessThanOrEqual(optimal * (1 + 1e-12));
        expect(all.optimal).toBeGreaterThanOrEqual(optimal);
      });
      expect(all.even).toBeCloseTo(Math.max(...expected.map(({ even }) => even)), 9);
      expect(all.evenMean).toBeCloseTo(sum(expected.map(({ even }) => even)) / layers.length, 9);
    }),
  );
});

test("nodes can be level while one of their GPUs carries all", () => {
  const cluster = uniformCluster(2, 2, 2);
  const layer = {
    layer: 0,
    loads: [6, 6, 0, 0],
    replicas: [1, 1, 1, 1],
    nodes: [
      [0, 2],
      [1, 3],
    ],
  };
  expect(planBalance(cluster, [layer])).toEqual({
    even: 2,
    optimal: 2,
    evenMean: 2,
    optimalMean: 2,
    worst: { even: 0, optimal: 0 },
    byNode: { even: 1, optimal: 1 },
  });
  const twice = {
    layer: 1,
    loads: [6, 6],
    replicas: [2, 2],
    nodes: [
      [0, 0],
      [1, 1],
    ],
  };
  expect(planBalance(cluster, [layer, twice])).toMatchObject({
    even: 2,
    evenMean: 1.5,
    optimalMean: 1.5,
    worst: { even: 0, optimal: 0 },
  });
});

test("with free slots, the worst layer and the mean of all, of GPUs and of nodes, are those of all choices of experts", () => {
  const gpusOf = fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 4 });
  const layer = fc.record({
    loads: fc.array(fc.nat(50), { minLength: 3, maxLength: 3 }),
    slots: fc.array(fc.integer({ min: FREE_SLOT, max: 2 }), { minLength: 24, maxLength: 24 }),
  });
  fc.assert(
    fc.property(gpusOf, fc.array(layer, { minLength: 1, maxLength: 3 }), (gpus, drawn) => {
      const cluster = gpus.map((count, n): ClusterNode => ({ name: `node${n}`, slots: count * SLOTS_OF_A_GPU, gpus: count }));
      const layers = drawn
        .map(({ loads, slots }, l) => placed(l, loads, gpus, slots))
        // An expert without a copy has no tokens here.
        .map((all) => ({ ...all, loads: all.loads.map((load, e) => (all.replicas[e] === 0 ? 0 : load)) }));
      const ranks = Array.from({ length: totalGpus(cluster) }, () => 1);
      const figures = layers.map(({ loads, replicas, nodes }) => {
        const row = nodes.flat();
        const byRank = ranks.map((_, rank) => row.slice(rank * SLOTS_OF_A_GPU, (rank + 1) * SLOTS_OF_A_GPU));
        const perCopy = loads.map((load, e) => (load === 0 ? 0 : load / replicas[e]!));
        const [even, optimal] = busiest(byRank, ranks, loads, perCopy);
        return { even, optimal, byNode: busiest(nodes, gpus, loads, perCopy) };
      });
      const close = (values: readonly number[]) => expect.closeTo(Math.max(...values), 9);
      const mean = (values: readonly number[]) => expect.closeTo(sum(values) / values.length, 9);
      const { worst, ...balance } = planBalance(cluster, layers);
      expect(figures[worst.even]!.even).toBeCloseTo(balance.even, 9);
      expect(figures[worst.optimal]!.optimal).toBeCloseTo(balance.optimal, 9);
      expect(balance).toEqual({
        even: close(figures.map(({ even }) => even)),
        optimal: close(figures.map(({ optimal }) => optimal)),
        evenMean: mean(figures.map(({ even }) => even)),
        optimalMean: mean(figures.map(({ optimal }) => optimal)),
        byNode: { even: close(figures.map(({ byNode }) => byNode[0])), optimal: close(figures.map(({ byNode }) => byNode[1])) },
      });
    }),
  );
});

/**
 * Load of the busiest holder for its size over the mean, with even shares and with the best ones: those leave to some set of experts
 * no more room than their holders have.
 */
function busiest(
  holders: readonly (readonly number[])[],
  sizes: readonly number[],
  loads: readonly number[],
  perCopy: readonly number[],
): [even: number, optimal: number] {
  const mean = sum(loads) / sum(sizes);
  if (mean === 0) return [1, 1];
  const even = holders.map((held, h) => sum(held.map((expert) => perCopy[expert] ?? 0)) / sizes[h]!);
  let optimal = 1;
  for (let set = 1; set < 2 ** loads.length; set++) {
    const room = sum(sizes.filter((_, h) => holders[h]!.some((expert) => expert !== FREE_SLOT && (set >> expert) & 1)));
    const load = sum(loads.filter((_, expert) => (set >> expert) & 1));
    if (load > 0) optimal = Math.max(optimal, load / room / mean);
  }
  return [Math.max(...even) / mean, optimal];
}

test("a balance found elsewhere is taken for the layer that it is of, and for no other", () => {
  const layer = (loads: number[]) => ({ layer: 0, loads, replicas: [1, 1], nodes: [[0], [1]] });
  const [one, other] = [layer([1, 3]), layer([1, 3])];
  const found = new Map([[one, 1.25]]);
  for (const gpus of [1, 2]) {
    const cluster = ["a", "b"].map((name) => ({ name, slots: gpus, gpus }));
    const [of, ofOther] = [layerBalance(cluster, one, found), layerBalance(cluster, other, found)];
    expect([of.optimal, ofOther.optimal]).toEqual([1.25, 1.5 * gpus]);
    expect(of.byNode.optimal).toBe(gpus === 1 ? 1.25 : 1.5);
  }
});
