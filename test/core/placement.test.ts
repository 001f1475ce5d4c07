import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type ClusterNode, totalSlots, uniformCluster } from "../../src/core/layout/cluster.ts";
import { countReplicas, hostSets, type LayerPlacement, replicasByRank } from "../../src/core/layout/placement.ts";
import { assess } from "../../src/core/placement/assess.ts";
import { mroPlacement } from "../../src/core/placement/mro.ts";
import { placeLayers, placementPolicies } from "../../src/core/placement/placeLayers.ts";

const model = { failureProbability: 0.1, seed: 0 };

/** A layer with given replica counts, placed by mro; loads do not matter to survival. */
function mroLayer(replicas: number[], cluster: readonly ClusterNode[]): LayerPlacement {
  return { layer: 0, loads: replicas.map(() => 1), replicas, nodes: mroPlacement(replicas, cluster) };
}

function mroSurvival(nodes: number, slots: number, replicas: number[]) {
  const cluster = uniformCluster(nodes, slots);
  const { recovery, certified } = assess({ cluster, layers: [mroLayer(replicas, cluster)] }, model);
  return { probabilities: recovery.failures.map(({ probability }) => probability), certified, tolerates: recovery.tolerates };
}

describe("where the published optimum is not one", () => {
  test("N=5, c=2, five experts with two replicas: one failure can lose an expert", () => {
    const { probabilities, certified, tolerates } = mroSurvival(5, 2, [2, 2, 2, 2, 2]);
    expect(probabilities[0]).toBeCloseTo(0.8, 12);
    expect(certified).toBe(false);
    expect(tolerates).toBe(0);
  });

  test("N=5, c=2, r=(3,3,4): 0.9 and 0.6 where 1 and 0.8 can be had", () => {
    const { probabilities, certified } = mroSurvival(5, 2, [3, 3, 4]);
    expect(probabilities[1]).toBeCloseTo(0.9, 12);
    expect(probabilities[2]).toBeCloseTo(0.6, 12);
    expect(certified).toBe(false);
    const cluster = uniformCluster(5, 2);
    const nodes = [
      [0, 1],
      [0, 2],
      [0, 2],
      [1, 2],
      [1, 2],
    ];
    const better = assess({ cluster, layers: [{ layer: 0, loads: [1, 1, 1], replicas: [3, 3, 4], nodes }] }, model);
    expect(better.recovery.failures[1]?.probability).toBe(1);
    expect(better.recovery.failures[2]?.probability).toBeCloseTo(0.8, 12);
  });

  test("N=10, c=6, E=8, even loads: 0.70 for seven failures", () => {
    expect(mroSurvival(10, 6, [7, 7, 7, 7, 8, 8, 8, 8]).probabilities[6]).toBeCloseTo(0.7, 12);
  });

  test("where c divides E it is optimal: N=6, c=2, r=(2,3,3,4)", () => {
    expect(mroSurvival(6, 2, [2, 3, 3, 4]).certified).toBe(true);
  });
});

const clusters = fc.oneof(
  fc.tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 8 })).map(([nodes, slots]) => uniformCluster(nodes, slots)),
  fc
    .array(fc.tuple(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 4 })), { minLength: 1, maxLength: 8 })
    .map((list) => list.map(([slots, gpus], n) => ({ name: `n${n}`, slots, gpus }))),
);

describe.each(Object.keys(placementPolicies) as (keyof typeof placementPolicies)[])("placement %s", (placement) => {
  test("fills every slot with exactly the allocated replicas, on any cluster", () => {
    fc.assert(
      fc.property(clusters, fc.array(fc.nat(1000), { minLength: 1, maxLength: 24 }), (cluster, loads) => {
        fc.pre(loads.length <= totalSlots(cluster));
        const { layers } = placeLayers({
          cluster,
          layers: [{ layer: 3, loads }],
          minReplicas: 2,
          allocation: "lazarus",
          placement,
        });
        const layer = layers[0] as LayerPlacement;
        expect(layer.nodes.map((slots) => slots.length)).toEqual(cluster.map((node) => node.slots));
        expect(countReplicas(loads.length, layer.nodes)).toEqual(layer.replicas);
        expect(layer.replicas.reduce((a, b) => a + b)).toBe(totalSlots(cluster));
        for (const hosts of hostSets(layer)) expect(hosts.length).toBeGreaterThan(0);
        const byRank = replicasByRank(cluster, layer);
        byRank.forEach((ranks, expert) => {
          expect(ranks.reduce((sum, [, copies]) => sum + copies, 0)).toBe(layer.replicas[expert]);
        });
      }),
    );
  });
});

test("mro keeps f-1 failures harmless where the slots of a node divide the experts", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 1, max: 3 }),
      fc.nat(3),
      (c, groups, f, more) => {
        const nodes = groups * f + more;
        const cluster = uniformCluster(nodes, c);
        const loads = Array.from({ length: c * groups }, (_, e) => 1 + e * e);
        const placed = placeLayers({
          cluster,
          layers: [{ layer: 0, loads }],
          minReplicas: f,
          allocation: "lazarus",
          placement: "mro",
        });
        expect(placed.minReplicas).toBe(f);
        expect(assess({ cluster, layers: placed.layers }, model).recovery.tolerates).toBeGreaterThanOrEqual(f - 1);
      },
    ),
  );
});

test("GPUs of a node share its load: four hot and four cold replicas on two GPUs", () => {
  const cluster = uniformCluster(1, 8, 2);
  const loads = [100, 90, 80, 70, 4, 3, 2, 1];
  const { layers } = placeLayers({
    cluster,
    layers: [{ layer: 0, loads }],
    minReplicas: 1,
    allocation: "even",
    placement: "compact",
  });
  const slots = layers[0]?.nodes[0] as number[];
  const load = (from: number) => slots.slice(from, from + 4).reduce((sum, expert) => sum + (loads[expert] as number), 0);
  expect(Math.abs(load(0) - load(4))).toBeLessThanOrEqual(2);
});
