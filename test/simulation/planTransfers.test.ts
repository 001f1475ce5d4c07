/** The way from a plan to another, counted by hand. */
import { expect, test } from "vitest";
import { modelSize } from "../../src/core/cost/modelSize.ts";
import type { LayerPlacement } from "../../src/core/layout/placement.ts";
import type { ElasticPlan } from "../../src/core/simulation/elasticPlan.ts";
import { windowAt } from "../../src/core/simulation/loadSchedule.ts";
import { planTransfers } from "../../src/core/simulation/planTransfers.ts";
import { jobOf, rtx3090, systemFor, tinyModel } from "../support/simulation.ts";

const model = { ...tinyModel, experts: 2 };
const transfers = planTransfers(jobOf({ model }));
const size = modelSize(model);
const secondsOf = (parameters: number) =>
  (parameters * model.stateBytesPerParameter) /
  (rtx3090.networkBytesPerSecond * rtx3090.bandwidthEfficiency * rtx3090.gpusPerNode);
const expert = secondsOf(size.expert);
const dense = secondsOf(size.dense);

/** Two experts on every node. */
const layerOn = (nodes: number, layer = 0): LayerPlacement => ({
  layer,
  loads: [1, 1],
  replicas: [nodes, nodes],
  nodes: Array.from({ length: nodes }, () => [0, 1]),
});
const planOf = (...layers: readonly LayerPlacement[]): ElasticPlan => ({
  nodes: layers[0]!.nodes.length,
  layers,
  hosts: () => [],
  cost: () => ({ compute: 1, traffic: 0, sync: 0 }) as never,
});
/** Both layers by one placement. */
const shared = (nodes: number): ElasticPlan => {
  const layer = layerOn(nodes);
  return planOf(layer, layer);
};
const two = shared(2);

test("a node that joins fetches the experts of each layer one by one, and all else as well", () => {
  const { parts, transferSeconds } = transfers(two, [], 1, shared(3));
  expect([...parts].sort()).toEqual([-1, 0, 1]);
  expect(transferSeconds).toBeCloseTo(model.layers * 2 * expert + dense, 9);
  // Layers of their own move as those do that share a placement.
  const apart = transfers(planOf(layerOn(2), layerOn(2, 1)), [], 1, planOf(layerOn(3), layerOn(3, 1)));
  expect(apart.transferSeconds).toBeCloseTo(transferSeconds, 9);
});

test("nothing moves where nothing changed, or where those that are left hold all", () => {
  expect(transfers(two, [], 0, two)).toEqual({ parts: [0, 1], transferSeconds: 0 });
  const { parts, transferSeconds } = transfers(shared(3), [1], 0, two);
  expect([...parts].sort()).toEqual([0, 2]);
  expect(transferSeconds).toBe(0);
});

test("a way is planned once, for the same plans, nodes lost and joined", () => {
  const [from, to] = [shared(3), shared(3)];
  const way = transfers(from, [0], 1, to);
  expect(transfers(from, [0], 1, to)).toBe(way);
  expect(transfers(from, [2], 1, to).parts).not.toEqual(way.parts);
  expect(transfers(from, [], 0, to).transferSeconds).toBe(0);
});

test("beyond 64 nodes every slot is fetched, unless the plan stays", () => {
  const [large, larger] = [shared(64), shared(65)];
  expect(transfers(large, [], 0, large).transferSeconds).toBe(0);
  expect(transfers(large, [63], 1, large).transferSeconds).toBeCloseTo(model.layers * 2 * expert + dense, 9);
  const fetched = model.layers * model.slotsPerNode * expert;
  const old = Array.from({ length: 65 }, (_, part) => part);
  expect(transfers(larger, [], 0, larger)).toEqual({ parts: old, transferSeconds: 0 });
  expect(transfers(larger, [3], 0, large)).toEqual({
    parts: old.filter((part) => part !== 3),
    transferSeconds: expect.closeTo(fetched, 9),
  });
  expect(transfers(larger, [3], 1, larger)).toEqual({
    parts: [...old.filter((part) => part !== 3), -1],
    transferSeconds: expect.closeTo(fetched + dense, 9),
  });
  expect(transfers(large, [], 1, larger).transferSeconds).toBeCloseTo(fetched + dense, 9);
});

test("an elastic system scales up where there are more nodes, and only there", () => {
  const job = jobOf();
  const system = systemFor("lazarus", job);
  const window = windowAt(job.loads, 0);
  const start = system.start([0, 1, 2], window)!;
  expect(system.scaleUp(start, [0, 1, 2], window)).toBeUndefined();
  expect(system.scaleUp(start, [0, 1, 2, 3], window)!.configuration.nodes).toHaveLength(4);
});
