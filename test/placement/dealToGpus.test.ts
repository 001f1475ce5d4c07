import fc from "fast-check";
import { expect, test } from "vitest";
import { type ClusterNode, gpuOfSlot, uniformCluster } from "../../src/core/layout/cluster.ts";
import { FREE_SLOT } from "../../src/core/layout/placement.ts";
import { dealToGpus } from "../../src/core/placement/dealToGpus.ts";
import { mroPlacement } from "../../src/core/placement/mro.ts";
import { spreadPlacement } from "../../src/core/placement/spread.ts";

function heldByGpu(node: ClusterNode, slots: readonly number[]): number[][] {
  const held: number[][] = Array.from({ length: node.gpus }, () => []);
  slots.forEach((expert, slot) => {
    if (expert !== FREE_SLOT) held[gpuOfSlot(node, slot)]!.push(expert);
  });
  return held;
}

const anyNode = fc
  .record({ gpus: fc.integer({ min: 2, max: 5 }), perGpu: fc.integer({ min: 1, max: 4 }), more: fc.nat(4), free: fc.nat(3) })
  .chain(({ gpus, perGpu, more, free }) => {
    const node: ClusterNode = { name: "a", gpus, slots: gpus * perGpu + Math.min(more, gpus - 1) };
    const copies = fc.array(fc.integer({ min: 1, max: gpus }), { minLength: node.slots, maxLength: node.slots });
    return fc.record({
      node: fc.constant(node),
      slots: copies.map((counts) => {
        const slots = counts.flatMap((count, expert) => new Array<number>(count).fill(expert)).slice(0, node.slots - free);
        return [...slots, ...new Array<number>(node.slots - slots.length).fill(FREE_SLOT)];
      }),
      weights: fc.array(fc.nat(9), { minLength: node.slots, maxLength: node.slots }),
    });
  });

test("no GPU holds an expert twice that has no more copies than its node has GPUs", () => {
  fc.assert(
    fc.property(anyNode, ({ node, slots, weights }) => {
      const dealt = dealToGpus([node], [slots], weights)[0]!;
      expect([...dealt].sort()).toEqual([...slots].sort());
      for (const held of heldByGpu(node, dealt)) expect(new Set(held).size).toBe(held.length);
    }),
    { numRuns: 1000 },
  );
});

test("an expert with more copies than GPUs is on all of them", () => {
  const [node] = uniformCluster(1, 6, 2);
  const dealt = dealToGpus([node!], [[0, 0, 0, 1, 1, 2]], [9, 1, 1])[0]!;
  expect(heldByGpu(node!, dealt).every((held) => held.includes(0) && held.includes(1))).toBe(true);
});

test("mro fills no node beyond a copy for each GPU while another has a GPU without", () => {
  const cluster = [
    { name: "a", slots: 16, gpus: 8 },
    { name: "b", slots: 8, gpus: 8 },
  ];
  for (const slots of mroPlacement([12, 12], cluster)) {
    for (const expert of [0, 1]) expect(slots.filter((held) => held === expert).length).toBeLessThanOrEqual(8);
  }
});

test("spread passes nodes that hold a copy for each GPU", () => {
  // Round robin would give each node five or six of the hot expert's 22 copies; two nodes have four GPUs.
  const cluster = [...uniformCluster(2, 16, 8), ...uniformCluster(2, 12, 4)].map((node, n) => ({ ...node, name: `n${n}` }));
  const replicas = [22, ...new Array<number>(34).fill(1)];
  spreadPlacement(replicas, cluster).forEach((slots, n) => {
    expect(slots.filter((held) => held === 0).length).toBeLessThanOrEqual(cluster[n]!.gpus);
  });
});
