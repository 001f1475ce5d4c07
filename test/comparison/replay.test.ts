import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { optimalBalance } from "../../src/core/balance/optimalBalance.ts";
import { DISPATCHERS, layerImbalance } from "../../src/core/comparison/layerImbalance.ts";
import { quantiles, Replay } from "../../src/core/comparison/replay.ts";
import { uniformCluster } from "../../src/core/layout/cluster.ts";
import { Infeasible } from "../../src/core/layout/infeasible.ts";
import type { RoutingStep } from "../../src/core/profile/routingStep.ts";
import { drawnPlans, plansAndLogs } from "../support/comparison.ts";

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** The busiest rank over the mean, slot by slot. */
function slotBySlot(row: readonly number[], slotsOfARank: number, loads: readonly number[]): number {
  const ranks = row.length / slotsOfARank;
  const load = new Array<number>(ranks).fill(0);
  row.forEach((expert, slot) => {
    load[Math.floor(slot / slotsOfARank)]! += loads[expert]! / row.filter((other) => other === expert).length;
  });
  const total = loads.reduce((sum, tokens) => sum + tokens, 0);
  return total === 0 ? 1 : (Math.max(...load) * ranks) / total;
}

/** Bound of Hall's condition over every set of ranks. */
function everySet(row: readonly number[], slotsOfARank: number, loads: readonly number[]): number {
  const ranks = row.length / slotsOfARank;
  const total = loads.reduce((sum, tokens) => sum + tokens, 0);
  let most = 0;
  for (let set = 1; set < 2 ** ranks; set++) {
    const inside = (expert: number) => row.every((held, slot) => held !== expert || (set >> Math.floor(slot / slotsOfARank)) & 1);
    const captive = loads.reduce((sum, tokens, expert) => (inside(expert) ? sum + tokens : sum), 0);
    const size = Array.from({ length: ranks }, (_, rank) => (set >> rank) & 1).reduce((sum, bit) => sum + bit, 0);
    most = Math.max(most, captive / size);
  }
  return total === 0 ? 1 : (most * ranks) / total;
}

describe.each([
  ["even", slotBySlot],
  ["free", everySet],
] as const)("every iteration under %s shares", (shares, figure) => {
  test("is as one by one, its layers' mean and its worst", () => {
    fc.assert(
      fc.property(plansAndLogs, ({ plans, log, slotsOfARank }) => {
        const replay = new Replay(plans, shares);
        for (const step of log) replay.add(step);
        const ages = replay.ages();
        expect(replay.iterations).toBe(log.length);
        plans.forEach(({ layers }, p) => {
          const figures = log.map((step) =>
            layers.map(({ nodes }, l) => figure(nodes.flat(), slotsOfARank, [...step.layers[l]!.loads])),
          );
          const means = figures.map(mean).sort((a, b) => a - b);
          const worst = figures.map((of) => Math.max(...of)).sort((a, b) => a - b);
          for (const [found, values] of [
            [ages[p]!.steps, means],
            [ages[p]!.worstLayer, worst],
          ] as const) {
            // The least that at least half, nine tenths, ... of the iterations do not exceed.
            for (const [name, part] of Object.entries({ p50: 0.5, p90: 0.9, p99: 0.99, max: 1 })) {
              const expected = values.find((_, i) => (i + 1) / values.length >= part - 1e-12)!;
              expect(found[name as "p50"]).toBeCloseTo(expected, 9);
            }
            expect(found.mean).toBeCloseTo(mean(values), 9);
          }
        });
      }),
      // Shrinking what breaks here takes minutes.
      { endOnFailure: true },
    );
  });
});

test("on many ranks, the optimum is that of the maximum flow", () => {
  fc.assert(
    fc.property(drawnPlans({ ranks: 20, experts: 24, slotsOfARank: 3, layers: 1, plans: 1 }), ([plan]) => {
      const layer = plan!.layers[0]!;
      const sets = layer.loads.map((_, expert) => layer.nodes.flatMap((slots, n) => (slots.includes(expert) ? [n] : [])));
      const { maxOverMean } = optimalBalance(sets, layer.loads, new Array<number>(20).fill(1));
      const found = layerImbalance(plan!.cluster, layer, "optimal")(Float64Array.from(layer.loads));
      expect(found).toBeCloseTo(maxOverMean, 9);
    }),
    { numRuns: 30, endOnFailure: true },
  );
});

/** Two GPUs a node: what each node's copies have of the tokens, over every set of its GPUs. */
function nodeByNode(row: readonly number[], slotsOfARank: number, loads: readonly number[]): number {
  const slots = 2 * slotsOfARank;
  const copies = (of: readonly number[], expert: number) => of.filter((other) => other === expert).length;
  const nodes = Array.from({ length: row.length / slots }, (_, n) => row.slice(n * slots, (n + 1) * slots));
  const most = nodes.map((held) => {
    const own = loads.map((tokens, expert) => (tokens * copies(held, expert)) / copies(row, expert));
    const gpus = [held.slice(0, slotsOfARank), held.slice(slotsOfARank)];
    const only = gpus.map((gpu, g) =>
      own.reduce((sum, tokens, e) => (gpus[1 - g]!.includes(e) || !gpu.includes(e) ? sum : sum + tokens), 0),
    );
    return Math.max(...only, own.reduce((sum, tokens) => sum + tokens, 0) / 2);
  });
  const total = loads.reduce((sum, tokens) => sum + tokens, 0);
  return total === 0 ? 1 : (Math.max(...most) * 2 * nodes.length) / total;
}

test("dispatchers beside: even slot by slot, lplb node by node, optimal over every set of ranks", () => {
  const size = { ranks: 6, gpus: 2, experts: 5, slotsOfARank: 2, layers: 2 };
  const logs = fc.array(drawnPlans({ ...size, plans: 1 }), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(drawnPlans({ ...size, plans: 1 }), logs, ([plan], log) => {
      const replay = new Replay([plan!], "free", DISPATCHERS);
      log.forEach(([of], iteration) => {
        const layers = of!.layers.map(({ layer, loads }) => ({ layer, loads: Float64Array.from(loads) }));
        replay.add({ iteration, experts: size.experts, ranks: 0, layers });
      });
      const [ages] = replay.ages();
      for (const [dispatcher, figure] of [
        ["even", slotBySlot],
        ["lplb", nodeByNode],
        ["optimal", everySet],
      ] as const) {
        const means = log.map(([of]) =>
          mean(of!.layers.map(({ loads }, l) => figure(plan!.layers[l]!.nodes.flat(), size.slotsOfARank, loads))),
        );
        expect(ages!.dispatch[dispatcher]!.mean).toBeCloseTo(mean(means), 9);
        expect(ages!.dispatch[dispatcher]!.max).toBeCloseTo(Math.max(...means), 9);
      }
      expect(ages!.dispatch.optimal).toEqual(ages!.steps);
    }),
    { endOnFailure: true },
  );
});

test("dead GPUs are no ranks, and what waits in host memory counts for nothing", () => {
  const cluster = [
    { name: "a", slots: 2, gpus: 2, deadGpus: [0] },
    { name: "b", slots: 4, gpus: 2 },
  ];
  const layer = {
    layer: 0,
    loads: [6, 6, 6, 900],
    replicas: [2, 2, 2, 0],
    nodes: [
      [0, 1],
      [0, 1, 2, 2],
    ],
  };
  for (const dispatcher of DISPATCHERS) {
    const imbalance = layerImbalance(cluster, layer, dispatcher);
    expect(imbalance(Float64Array.from(layer.loads))).toBe(1);
    expect(imbalance(Float64Array.from([6, 6, 12, 900]))).toBe(1.5);
  }
});

test("percentiles are recorded values: the nearest rank", () => {
  const values = Array.from({ length: 200 }, (_, i) => 200 - i);
  expect(quantiles(values)).toEqual({ p50: 100, p90: 180, p99: 198, max: 200, mean: 100.5 });
  expect(quantiles([10, 9, 100])).toEqual({ p50: 10, p90: 100, p99: 100, max: 100, mean: 119 / 3 });
});

test("an iteration that does not fit the plans is refused", () => {
  const plan = { cluster: uniformCluster(1, 2), layers: [{ layer: 3, loads: [1, 1], replicas: [1, 1], nodes: [[0, 1]] }] };
  const step = (layer: number, experts: number): RoutingStep => ({
    iteration: 7,
    experts,
    ranks: 0,
    layers: [{ layer, loads: new Float64Array(experts) }],
  });
  expect(() => new Replay([plan], "even").add(step(2, 2))).toThrow(new Infeasible("iteration 7 has no layer 3 of the plans"));
  expect(() => new Replay([plan], "even").add(step(3, 4))).toThrow(/has 4 experts, the plans have 2/);
});

test("experts that an iteration does not list have no tokens in it, whatever they had before", () => {
  const nodes = [
    [0, 1],
    [2, 1],
  ];
  const plan = { cluster: uniformCluster(2, 2), layers: [{ layer: 0, loads: [1, 1, 1], replicas: [1, 2, 1], nodes }] };
  const replay = new Replay([plan], "even");
  [
    [1, 0, 9],
    [4, 4],
  ].forEach((tokens, iteration) => {
    replay.add({ iteration, experts: tokens.length, ranks: 0, layers: [{ layer: 0, loads: Float64Array.from(tokens) }] });
  });
  expect(replay.ages()[0]!.iterations).toEqual([1.8, 1.5]);
});
