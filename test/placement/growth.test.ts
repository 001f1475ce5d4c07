import fc from "fast-check";
import { expect, test } from "vitest";
import { type ClusterNode, gpuOfSlot, uniformCluster } from "../../src/core/layout/cluster.ts";
import { countReplicas, FREE_SLOT, type Placement } from "../../src/core/layout/placement.ts";
import { assess } from "../../src/core/placement/assess.ts";
import { fillSlots, onGrownCluster } from "../../src/core/placement/growth.ts";
import { makePlacement } from "../../src/core/placement/makePlacement.ts";

const policy = { placement: "mro", allocation: "lazarus", minReplicas: 2, seed: 0, failureProbability: 0.1 } as const;

/** Experts of each GPU, shape [layers][nodes][gpus], free slots left out. */
function byGpu({ cluster, layers }: Placement): number[][][][] {
  return layers.map(({ nodes }) =>
    nodes.map((slots, n) =>
      Array.from({ length: cluster[n]!.gpus }, (_, gpu) =>
        slots.filter((expert, slot) => expert !== FREE_SLOT && gpuOfSlot(cluster[n]!, slot) === gpu),
      ),
    ),
  );
}

const shapes = fc.record({
  nodes: fc.array(fc.record({ slots: fc.integer({ min: 3, max: 9 }), gpus: fc.integer({ min: 1, max: 3 }) }), {
    minLength: 1,
    maxLength: 4,
  }),
  loads: fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 1, maxLength: 3 }),
  more: fc.integer({ min: 0, max: 2 }),
  another: fc.boolean(),
});

function grow({ nodes, more, another }: { nodes: Pick<ClusterNode, "slots" | "gpus">[]; more: number; another: boolean }) {
  const cluster = nodes.map((node, n) => ({ name: `n${n}`, ...node }));
  const grown = cluster.map((node) => ({ ...node, slots: node.slots + more * node.gpus }));
  return { cluster, grown: another ? [...grown, { name: "another", slots: 4, gpus: 2 }] : grown };
}

test("on a grown cluster every GPU holds what it held, and what is new is free", () => {
  fc.assert(
    fc.property(shapes, ({ loads, ...shape }) => {
      const { cluster, grown } = grow(shape);
      const before = makePlacement(cluster, [{ layer: 0, loads }], policy);
      const after = onGrownCluster(before, grown);
      expect(byGpu(after).map((nodes) => nodes.slice(0, cluster.length))).toEqual(byGpu(before));
      expect(after.layers[0]!.nodes.map((slots) => slots.length)).toEqual(grown.map(({ slots }) => slots));
      expect(countReplicas(loads.length, after.layers[0]!.nodes)).toEqual(before.layers[0]!.replicas);
    }),
  );
});

test.each(["rarest", "hottest"] as const)("%s: filled slots hold further copies, none on a GPU that has one", (by) => {
  fc.assert(
    fc.property(shapes, ({ loads, ...shape }) => {
      const { cluster, grown } = grow(shape);
      const before = makePlacement(cluster, [{ layer: 0, loads }], policy);
      const kept = onGrownCluster(before, grown);
      const filled = fillSlots(kept, by);
      byGpu(filled)[0]!.forEach((gpus, n) => {
        gpus.forEach((experts, gpu) => {
          const had = byGpu(kept)[0]![n]![gpu]!;
          const added = experts.filter((expert) => !had.includes(expert));
          expect(experts.length).toBe(had.length + added.length);
          expect(new Set(added).size).toBe(added.length);
          // A free slot is left only where the GPU holds every expert.
          const room = filled.layers[0]!.nodes[n]!.filter(
            (expert, slot) => expert === FREE_SLOT && gpuOfSlot(grown[n]!, slot) === gpu,
          );
          if (room.length > 0) expect(new Set(experts).size).toBe(loads.length);
        });
      });
      expect(filled.layers[0]!.replicas).toEqual(countReplicas(loads.length, filled.layers[0]!.nodes));
      expect(assess(filled, policy).survival.probability).toBeGreaterThanOrEqual(
        assess(kept, policy).survival.probability - 1e-12,
      );
    }),
  );
});

test("rarest gives a new node the experts on the fewest nodes, hottest those with most tokens a copy", () => {
  const cluster = uniformCluster(2, 2);
  const layers = [{ layer: 0, loads: [100, 1, 8], replicas: [2, 1, 1], nodes: [[0, 1], [0, 2]] }]; // biome-ignore format: a picture
  const grown = onGrownCluster({ cluster, layers }, uniformCluster(3, 2));
  expect(fillSlots(grown, "rarest").layers[0]!.nodes[2]).toEqual([2, 1]);
  expect(fillSlots(grown, "hottest").layers[0]!.nodes[2]).toEqual([0, 2]);
});

test("rarest prefers experts that their node does not hold, hottest does not; neither takes one without a copy", () => {
  const cluster = uniformCluster(2, 2, 2);
  // Expert 3 waits in host memory.
  const layers = [{ layer: 0, loads: [9, 8, 1, 50], replicas: [2, 1, 1, 0], nodes: [[0, 1], [0, 2]] }]; // biome-ignore format: a picture
  const kept = onGrownCluster({ cluster, layers }, uniformCluster(2, 4, 2));
  expect(kept.layers[0]!.nodes).toEqual([[0, FREE_SLOT, 1, FREE_SLOT], [0, FREE_SLOT, 2, FREE_SLOT]]); // biome-ignore format: a picture
  // The first node lacks 2, the second 1; what is there already follows by the nodes it is on, 2 each, then by tokens a copy.
  const rarest = fillSlots(kept, "rarest").layers[0]!;
  expect(rarest.nodes).toEqual([[0, 2, 1, 0], [0, 1, 2, 1]]); // biome-ignore format: a picture
  expect(rarest.replicas).toEqual([3, 3, 2, 0]);
  const hottest = fillSlots(kept, "hottest").layers[0]!;
  expect(hottest.nodes).toEqual([[0, 1, 1, 0], [0, 1, 2, 0]]); // biome-ignore format: a picture
});

test("a cluster that has shrunk is no grown one", () => {
  const before = makePlacement(uniformCluster(2, 4, 2), [{ layer: 0, loads: [1, 2, 3] }], policy);
  expect(() => onGrownCluster(before, uniformCluster(1, 8, 2))).toThrow(/lost nodes/);
  expect(() => onGrownCluster(before, uniformCluster(2, 2, 2))).toThrow(/GPU 0 of node node0 has fewer slots/);
  expect(() => onGrownCluster(before, uniformCluster(2, 4, 4))).toThrow(/other GPUs/);
});
