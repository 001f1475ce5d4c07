import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { evenLayerCosting, syncCost } from "../../src/core/cost/evenPlanCost.ts";
import { modelSize } from "../../src/core/cost/modelSize.ts";
import type { ModelSpec } from "../../src/core/cost/modelSpec.ts";
import { stepCostCoefficients, stepParts, stepSeconds } from "../../src/core/cost/stepCost.ts";
import { lazarusDispatch } from "../../src/core/dispatch/lazarusDispatch.ts";
import { evenRouting } from "../../src/core/dispatch/routing.ts";
import { totalGpus, uniformCluster } from "../../src/core/layout/cluster.ts";
import { hostSets, type LayerPlacement, replicasByRank } from "../../src/core/layout/placement.ts";
import { placeLayers } from "../../src/core/placement/placeLayers.ts";
import { loadSchedule, windowAt } from "../../src/core/simulation/loadSchedule.ts";
import { trainingSystem } from "../../src/core/simulation/systems.ts";
import { hardwarePreset, modelPreset } from "../../src/formats/presets/index.ts";
import { jobOf, nodeIds, rtx3090 } from "../support/simulation.ts";

const model = (name: string) => modelPreset(name) as ModelSpec;
const h200 = hardwarePreset("h200") as typeof rtx3090;

describe("model sizes", () => {
  test.each([
    ["gpt-s", 521e6],
    ["gpt-m", 1311e6],
    ["gpt-l", 1713e6],
    ["deepseek-v3", 671e9],
  ])("%s has about %d parameters", (name, parameters) => {
    expect(modelSize(model(name)).total / parameters).toBeCloseTo(1, 2);
  });

  test.each([
    ["gpt-s", 63],
    ["gpt-m", 112],
    ["gpt-l", 112],
  ])("an expert of %s takes %d MiB of state (Lazarus section 6.3)", (name, mebibytes) => {
    const { stateBytesPerParameter } = model(name);
    expect((modelSize(model(name)).expert * stateBytesPerParameter) / 2 ** 20).toBeCloseTo(mebibytes, 0);
  });
});

describe("step time", () => {
  test("GPT is the sum of its parts, written out", () => {
    const [nodes, d, tokens, flops, network] = [10, 768, 4096, 29e12, 5e9];
    const cost = { compute: 13, traffic: 8, sync: 45 };
    const dense = (3 * tokens * (12 * (8 * d ** 2 + 4 * 1024 * d) + 2 * d * 50_257)) / flops;
    const denseSync = (4 * (50_257 * d + 1024 * d + 48 * d ** 2) * (nodes - 1)) / nodes / network;
    const experts = (13 * tokens * 48 * d ** 2) / flops;
    const allToAll = (8 * d * 8 * tokens) / network;
    const expertSync = (45 * 4 * 8 * d ** 2) / network;
    const coefficients = stepCostCoefficients(model("gpt-s"), rtx3090, nodes);
    expect(stepSeconds(coefficients, cost)).toBeCloseTo(0.15 + dense + denseSync + experts + allToAll + expertSync, 12);
    const parts = stepParts(coefficients, cost);
    const sum = Object.values(parts).reduce((total, part) => total + part, 0);
    expect(sum).toBeCloseTo(stepSeconds(coefficients, cost), 12);
    expect(parts.expertSync).toBeCloseTo(expertSync, 12);
  });

  test("accumulating gradients makes synchronisation rarer and nothing else", () => {
    const [once, seldom] = [1, 20].map((steps) => stepCostCoefficients(model("gpt-l"), rtx3090, 10, steps));
    expect(seldom?.denseSync).toBeCloseTo((once?.denseSync as number) / 20, 12);
    expect(seldom?.perSync).toBeCloseTo((once?.perSync as number) / 20, 12);
    expect(seldom?.perCompute).toBe(once?.perCompute);
    expect(seldom?.perTraffic).toBe(once?.perTraffic);
  });

  test("DeepSeek-V3: a layer's all-to-alls and attention, written out", () => {
    const coefficients = stepCostCoefficients(model("deepseek-v3"), h200, 64);
    const [fp8, nic] = [(1979e12 * 0.85 * 112) / 132, 50e9 * 0.85];
    expect(coefficients.perTraffic).toBeCloseTo((3 * 3 * 4096 * 7168) / nic, 12);
    expect(coefficients.perCompute).toBeCloseTo((3 * 6 * 4096 * 7168 * 2048) / fp8, 12);
    // 61 attention layers of 0.88 ms, 58 of weights, shared expert and latencies, 3 dense: about 65 ms forward.
    expect(coefficients.dense).toBeGreaterThan(0.18);
    expect(coefficients.dense).toBeLessThan(0.21);
    // Every GPU sends its eighth of the node's gradients twice, two bytes each.
    expect(coefficients.denseSync).toBeCloseTo(((4 * modelSize(model("deepseek-v3")).dense) / 8 / nic) * (63 / 64), 9);
    expect(coefficients.perSync).toBeCloseTo((4 * 3 * 7168 * 2048) / 8 / nic, 12);
  });

  test("a model that needs what the hardware lacks is refused", () => {
    expect(() => stepCostCoefficients(model("deepseek-v3"), rtx3090, 8)).toThrow(/fp8Flops/);
  });
});

describe("what a plan costs", () => {
  const layers = fc
    .record({
      nodes: fc.integer({ min: 2, max: 7 }),
      slots: fc.integer({ min: 2, max: 6 }),
      gpus: fc.integer({ min: 1, max: 2 }),
    })
    .chain(({ nodes, slots, gpus }) =>
      fc
        .array(fc.integer({ min: 1, max: 1000 }), { minLength: 1, maxLength: nodes * slots })
        .map((loads) => ({ cluster: uniformCluster(nodes, slots, Math.min(gpus, slots)), loads })),
    );
  const placed = (cluster: ReturnType<typeof uniformCluster>, loads: number[]) =>
    placeLayers({ cluster, layers: [{ layer: 0, loads }], minReplicas: 2, allocation: "lazarus", placement: "mro" })
      .layers[0] as LayerPlacement;

  test("compute and traffic are those of Algorithm 1 on many tokens", () => {
    fc.assert(
      fc.property(layers, ({ cluster, loads }) => {
        const layer = placed(cluster, loads);
        const ranks = totalGpus(cluster);
        const tokens = loads.map((load) => load * 1_000_000);
        const dispatch = lazarusDispatch(evenRouting(tokens, ranks), replicasByRank(cluster, layer));
        const mean = tokens.reduce((sum, load) => sum + load, 0) / ranks;
        const received = new Array<number>(ranks).fill(0);
        const arriving = new Array<number>(ranks).fill(0);
        const leaving = new Array<number>(ranks).fill(0);
        dispatch.tokens.forEach((count, i) => {
          const [source, target] = [dispatch.source[i] as number, dispatch.target[i] as number];
          received[target] = (received[target] as number) + count;
          if (source === target) return;
          arriving[target] = (arriving[target] as number) + count;
          leaving[source] = (leaving[source] as number) + count;
        });
        const { compute, traffic } = evenLayerCosting(cluster, layer)(loads);
        expect(compute).toBeCloseTo(Math.max(...received) / mean, 4);
        expect(traffic).toBeCloseTo(Math.max(...arriving, ...leaving) / mean, 4);
      }),
      { numRuns: 60 },
    );
  });

  test("synchronisation counts distinct hosts, and layers that share a placement once each", () => {
    fc.assert(
      fc.property(layers, fc.integer({ min: 1, max: 3 }), ({ cluster, loads }, times) => {
        const layer = placed(cluster, loads);
        const byNode = cluster.map((_, node) =>
          hostSets(layer).reduce((sum, hosts) => sum + (hosts.includes(node) ? (hosts.length - 1) / hosts.length : 0), 0),
        );
        expect(syncCost(new Array(times).fill(layer))).toBeCloseTo(times * Math.max(...byNode), 9);
      }),
      { numRuns: 40 },
    );
  });
});

describe("expert parallelism", () => {
  const layer: ModelSpec = { ...model("gpt-l"), layers: 1, experts: 4 };
  const window = windowAt(loadSchedule([[[1, 2, 3, 4]]], 1), 0);

  test("experts compute on padding, tutel's only travel with it", () => {
    const costs = (["ds", "tutel"] as const).map((name) =>
      trainingSystem(name, jobOf({ model: layer }))
        .start(nodeIds(4), window)
        ?.cost(window),
    );
    expect(costs[0]?.compute).toBeCloseTo(4 * 0.4, 12);
    expect(costs[1]?.compute).toBeCloseTo(4 * 0.4, 12); // one expert a rank: the busiest one is the padding
    expect(costs[1]?.traffic).toBeCloseTo(costs[0]?.traffic as number, 12);
    const two: ModelSpec = { ...layer, expertParallelNodes: 2 };
    const halves = (["ds", "tutel"] as const).map((name) =>
      trainingSystem(name, jobOf({ model: two }))
        .start(nodeIds(4), window)
        ?.cost(window),
    );
    expect(halves[0]?.compute).toBeCloseTo(1.6, 12);
    expect(halves[1]?.compute).toBeCloseTo(2 * 0.6, 12); // experts 1 and 3 of 0..3
    // Groups {0,1} and {2,3} are servers: half of the tokens cross the faster link.
    expect(halves[0]?.traffic).toBeCloseTo(1.6 * 0.5 * (5 / 12.5), 12);
  });

  test("nodes beyond whole groups idle, and too few cannot start", () => {
    const ds = trainingSystem("ds", jobOf({ model: layer }));
    expect(ds.start(nodeIds(7), window)?.nodes).toEqual([0, 1, 2, 3]);
    expect(ds.start(nodeIds(3), window)).toBeUndefined();
  });

  test("ds-ft goes on while every part of the experts has a survivor, on the nodes in use alone", () => {
    const ft = trainingSystem("ds-ft", jobOf({ model: layer }));
    const current = ft.start(nodeIds(9), window);
    if (current === undefined) throw new Error("nine nodes are enough");
    expect(current.nodes).toEqual(nodeIds(8));
    expect(ft.survive(current, [0, 2, 3, 5, 6, 7, 8], window)?.nodes).toEqual([0, 2, 3, 5]);
    expect(ft.survive(current, [0, 2, 3, 4, 6, 7, 8], window)).toBeUndefined(); // 1 and 5 held the same part
    expect(trainingSystem("ds", jobOf({ model: layer })).survive(current, nodeIds(7), window)).toBeUndefined();
  });

  test("a group that does not divide the experts is refused", () => {
    expect(() => trainingSystem("ds", jobOf({ model: { ...layer, experts: 5 } }))).toThrow(RangeError);
  });
});

describe("lazarus", () => {
  test("goes on exactly while every expert has a live host", () => {
    const layer: ModelSpec = { ...model("gpt-l"), layers: 2, experts: 4, slotsPerNode: 2 };
    const arbitrary = fc.record({
      loads: fc.array(fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 4, maxLength: 4 }), { minLength: 2, maxLength: 2 }),
      live: fc.subarray([10, 11, 12, 13, 14, 15], { minLength: 2 }),
    });
    fc.assert(
      fc.property(arbitrary, ({ loads, live }) => {
        const nodes = [10, 11, 12, 13, 14, 15];
        const window = windowAt(loadSchedule([loads], 1), 0);
        const lazarus = trainingSystem("lazarus", jobOf({ model: layer }));
        const current = lazarus.start(nodes, window);
        if (current === undefined) throw new Error("six nodes are enough");
        const { layers } = placeLayers({
          cluster: uniformCluster(6, 2),
          layers: loads.map((layerLoads, l) => ({ layer: l, loads: layerLoads })),
          minReplicas: 2,
          allocation: "lazarus",
          placement: "mro",
        });
        const survives = layers.every((placement) =>
          hostSets(placement).every((hosts) => hosts.some((place) => live.includes(nodes[place] as number))),
        );
        expect(lazarus.survive(current, live, window)?.nodes).toEqual(survives ? live : undefined);
      }),
    );
  });
});
