/**
 * Shapes, loads and invariants of vLLM's published tests of its expert load balancer (github.com/vllm-project/vllm,
 * tests/distributed/test_eplb_algo.py), for our `eplb` and, where its limits hold for any good placement, for `balanced`.
 */
import { expect, test } from "vitest";
import { totalGpus, uniformCluster } from "../../src/core/layout/cluster.ts";
import { replicasByRank } from "../../src/core/layout/placement.ts";
import { placeBalanced } from "../../src/core/placement/balanced/placeBalanced.ts";
import { eplbPlacement } from "../../src/core/placement/eplb/eplbPlacement.ts";

interface Case {
  readonly loads: number[][];
  readonly shape: { slots: number; groups: number; nodes: number; gpus: number };
  readonly policy: "hierarchical" | "global";
}

const cases: Record<string, Case> = {
  "one GPU": { loads: [[10, 20, 30, 40]], shape: { slots: 4, groups: 1, nodes: 1, gpus: 1 }, policy: "hierarchical" },
  "equal loads": { loads: [new Array(8).fill(50)], shape: { slots: 8, groups: 2, nodes: 2, gpus: 4 }, policy: "hierarchical" },
  "one hot expert": {
    loads: [[1000, 1, 1, 1, 1, 1, 1, 1]],
    shape: { slots: 12, groups: 2, nodes: 2, gpus: 4 },
    policy: "hierarchical",
  },
  "three layers": {
    loads: [
      [10, 20, 30, 40, 50, 60],
      [60, 50, 40, 30, 20, 10],
      [25, 25, 25, 25, 25, 25],
    ],
    shape: { slots: 8, groups: 2, nodes: 2, gpus: 4 },
    policy: "hierarchical",
  },
  "four groups on two nodes": {
    loads: [[100, 50, 200, 75, 150, 25, 300, 80]],
    shape: { slots: 12, groups: 4, nodes: 2, gpus: 4 },
    policy: "hierarchical",
  },
  "groups that do not divide": {
    loads: [[10, 20, 30, 40, 50, 60]],
    shape: { slots: 8, groups: 3, nodes: 2, gpus: 4 },
    policy: "global",
  },
  "eight groups on four nodes": {
    loads: [[50, 100, 75, 120, 90, 60, 80, 110, 40, 70, 95, 85, 65, 55, 45, 35]],
    shape: { slots: 24, groups: 8, nodes: 4, gpus: 8 },
    policy: "hierarchical",
  },
  "falling and rising loads": {
    loads: [
      [200, 150, 100, 50, 25, 12],
      [12, 25, 50, 100, 150, 200],
    ],
    shape: { slots: 10, groups: 3, nodes: 1, gpus: 2 },
    policy: "hierarchical",
  },
};

for (const [name, { loads, shape, policy }] of Object.entries(cases)) {
  test(`eplb, ${name}: every slot filled, every expert somewhere, the hottest with the most copies`, () => {
    const placed = eplbPlacement(loads, shape);
    expect(placed.policy).toBe(policy);
    loads.forEach((layer, l) => {
      const slots = placed.physicalToLogical[l]!;
      const copies = placed.replicas[l]!;
      expect(slots).toHaveLength(shape.slots);
      expect(copies.reduce((sum, count) => sum + count, 0)).toBe(shape.slots);
      copies.forEach((count, expert) => {
        expect(count).toBeGreaterThanOrEqual(1);
        expect(slots.filter((held) => held === expert)).toHaveLength(count);
      });
      expect(copies[layer.indexOf(Math.max(...layer))]).toBe(Math.max(...copies));
    });
  });

  test(`balanced, ${name}: the same, no expert twice on a GPU, and no busier than eplb without its second copies`, () => {
    const cluster = uniformCluster(shape.nodes, shape.slots / shape.nodes, shape.gpus / shape.nodes);
    const layers = loads.map((own, layer) => ({ layer, loads: own }));
    const global = { ...shape, groups: 1, nodes: 1 };
    const placed = placeBalanced({ cluster, layers, minReplicas: 1, shares: "even", effort: "normal", seed: 0 });
    placed.layers.forEach((layer, l) => {
      const ranks = replicasByRank(cluster, layer);
      expect(ranks.every((copies) => copies.length > 0 && copies.every(([, count]) => count === 1))).toBe(true);
      const slots = eplbPlacement([layer.loads], global).physicalToLogical[0]!;
      const perGpu = shape.slots / totalGpus(cluster);
      const held = Array.from({ length: totalGpus(cluster) }, (_, gpu) => slots.slice(gpu * perGpu, (gpu + 1) * perGpu));
      if (held.some((own) => new Set(own).size < own.length)) return;
      const copies = layer.loads.map((_, expert) => slots.filter((own) => own === expert).length);
      const busiest = Math.max(
        ...held.map((own) => own.reduce((sum, expert) => sum + layer.loads[expert]! / copies[expert]!, 0)),
      );
      const mean = layer.loads.reduce((sum, load) => sum + load, 0) / held.length;
      expect(placed.balance[l]!.maxOverMean).toBeLessThanOrEqual((busiest / mean) * (1 + 1e-12));
    });
  });
}

test("slots that the GPUs do not divide are refused", () => {
  expect(() => eplbPlacement([[10, 20, 30, 40]], { slots: 7, groups: 2, nodes: 2, gpus: 4 })).toThrow("divide evenly");
});
