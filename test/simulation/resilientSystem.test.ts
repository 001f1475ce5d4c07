import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { allRemoteLayerCosting, freeLayerCosting } from "../../src/core/cost/freePlanCost.ts";
import { balancedDispatch } from "../../src/core/dispatch/balancedDispatch.ts";
import { leastMaximumLoad } from "../../src/core/dispatch/leastMaximumLoad.ts";
import { rankGroups } from "../../src/core/dispatch/rankGroups.ts";
import { evenRouting } from "../../src/core/dispatch/routing.ts";
import { uniformCluster } from "../../src/core/layout/cluster.ts";
import { type LayerPlacement, replicasByRank } from "../../src/core/layout/placement.ts";
import { placeLayers } from "../../src/core/placement/placeLayers.ts";
import type { ElasticPlan } from "../../src/core/simulation/elasticPlan.ts";
import { loadSchedule } from "../../src/core/simulation/loadSchedule.ts";
import { keptPlans, newPlans } from "../../src/core/simulation/planBook.ts";
import { jobOf, nodeIds, observed } from "../support/simulation.ts";

describe("what a plan costs under balanced dispatch", () => {
  const layers = fc.record({
    nodes: fc.integer({ min: 2, max: 14 }),
    gpus: fc.constantFrom(1, 2),
    loads: fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 2, maxLength: 8 }),
  });
  const placed = (cluster: ReturnType<typeof uniformCluster>, loads: number[]) =>
    placeLayers({ cluster, layers: [{ layer: 0, loads }], minReplicas: 2, allocation: "lazarus", placement: "mro" })
      .layers[0] as LayerPlacement;

  test("is that of the dispatch itself, in all that the dispatch decides", () => {
    fc.assert(
      fc.property(layers, ({ nodes, gpus, loads }) => {
        const cluster = uniformCluster(nodes, 4, gpus);
        const layer = placed(cluster, loads);
        const ranks = nodes * gpus;
        const tokens = loads.map((load) => load * ranks * 1_000_000);
        const replicas = replicasByRank(cluster, layer);
        const dispatch = balancedDispatch(evenRouting(tokens, ranks), replicas, rankGroups(cluster));
        const mean = tokens.reduce((sum, load) => sum + load, 0) / ranks;
        const load = new Array<number>(ranks).fill(0);
        const sent = new Array<number>(ranks).fill(0);
        dispatch.tokens.forEach((count, i) => {
          load[dispatch.target[i] as number]! += count;
          if (dispatch.source[i] !== dispatch.target[i]) sent[dispatch.source[i] as number]! += count;
        });
        const { compute, traffic } = freeLayerCosting(cluster, layer)(loads);
        expect(compute).toBeCloseTo(Math.max(...load) / mean, 5);
        expect(allRemoteLayerCosting(cluster, layer)(loads)).toEqual({
          compute: expect.closeTo(compute, 5),
          traffic: expect.closeTo(compute, 5),
        });
        const hosts = replicas.map((list) => list.map(([rank]) => rank));
        expect(compute * mean).toBeCloseTo(leastMaximumLoad(tokens, hosts, ranks), -4);
        // With several GPUs a node the dispatch also prefers its own node, and ties may fall otherwise.
        const busiest = Math.max(...sent, ...load.map((count, rank) => count - mean + (sent[rank] as number))) / mean;
        if (gpus === 1) expect(traffic).toBeCloseTo(busiest, 5);
        else expect(traffic).toBeGreaterThanOrEqual(sent.reduce((sum, count) => sum + count, 0) / ranks / mean - 1e-5);
      }),
      { numRuns: 60 },
    );
  });
});

describe("plans", () => {
  const windows = loadSchedule(
    Array.from({ length: 60 }, (_, i) => [[1, 1 + i]]),
    1,
  ).windows;
  const loads = { windows, stepsPerWindow: 1 };
  const made: number[] = [];
  const makePlan = (_: number, window: (typeof windows)[number]): ElasticPlan & { madeFor: number } => {
    made.push(window.index);
    return { madeFor: window.index, nodes: 0, layers: [], hosts: () => [], cost: () => ({ compute: 0, traffic: 0, sync: 0 }) };
  };
  // A step takes 1 % longer for every window since the plan.
  const secondsOf = (plan: ElasticPlan, _: number, { index }: (typeof windows)[number]) =>
    1 + (index - (plan as ReturnType<typeof makePlan>).madeFor) / 100;

  test("are kept until a step takes too long, whoever asks first", () => {
    const slack = 0.2;
    const asked = (order: number[]) => {
      const book = keptPlans(makePlan, { loads, secondsOf, slack });
      const found = new Map(order.map((index) => [index, book(4, windows[index]!) as ReturnType<typeof makePlan>]));
      return [0, 29, 30, 59].map((index) => found.get(index)?.madeFor);
    };
    made.length = 0;
    expect(asked([0, 29, 30, 59])).toEqual([0, 0, 30, 30]);
    expect(made).toEqual([0, 30]);
    expect(asked([59, 30, 0, 29])).toEqual([0, 0, 30, 30]);
  });

  test("of lazarus are new for every window, and made once", () => {
    made.length = 0;
    const book = newPlans(makePlan);
    for (const index of [3, 5, 3]) book(4, windows[index]!);
    expect(made).toEqual([3, 5]);
  });
});

test("resilient goes on without a pause where a rebalance changes nothing, lazarus stops all the same", () => {
  const job = jobOf({ seconds: 600 });
  const membership = { initial: nodeIds(5), changes: [] };
  const pause = (name: "lazarus" | "resilient") =>
    observed(name, job, { rebalanceSteps: 100 }, membership).result.seconds.rebalance;
  expect(pause("resilient")).toBe(0);
  expect(pause("lazarus")).toBeGreaterThan(5);
});
