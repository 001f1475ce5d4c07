import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type ClusterNode,
  deadRanks,
  firstRanks,
  gpuOfSlot,
  totalGpus,
  totalSlots,
  uniformCluster,
  withAllGpus,
  withLiveGpus,
} from "../../src/core/layout/cluster.ts";
import { gpuCluster } from "../../src/core/layout/gpuCluster.ts";

/** Nodes of which some have dead GPUs; those have as many slots on each live one. */
const nodes = fc
  .record({
    gpus: fc.integer({ min: 1, max: 5 }),
    dead: fc.uniqueArray(fc.nat(4), { maxLength: 4 }),
    slots: fc.integer({ min: 1, max: 9 }),
  })
  .map(({ gpus, dead, slots }): ClusterNode => {
    const deadGpus = dead.filter((gpu) => gpu < gpus).sort((a, b) => a - b);
    const live = gpus - deadGpus.length;
    return live === gpus || live === 0 ? { name: "n", slots, gpus } : { name: "n", slots: live * slots, gpus, deadGpus };
  });
const clusters = fc
  .array(nodes, { minLength: 1, maxLength: 4 })
  .map((list) => list.map((node, n): ClusterNode => ({ ...node, name: `n${n}` })));

const liveOf = ({ gpus, deadGpus = [] }: ClusterNode) => [...Array(gpus).keys()].filter((gpu) => !deadGpus.includes(gpu));

test("slots are dealt to live GPUs in runs whose lengths differ by one at most", () => {
  fc.assert(
    fc.property(nodes, (node) => {
      const gpus = Array.from({ length: node.slots }, (_, slot) => gpuOfSlot(node, slot));
      expect(gpus).toEqual(gpus.toSorted((a, b) => a - b));
      const counts = liveOf(node).map((gpu) => gpus.filter((other) => other === gpu).length);
      expect(counts.reduce((total, count) => total + count, 0)).toBe(node.slots);
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
    }),
  );
});

test("ranks count dead GPUs, plans are made on live ones, and those that come back have as many slots as the others", () => {
  fc.assert(
    fc.property(clusters, (cluster) => {
      const ranks = cluster.flatMap((node, n) =>
        Array.from({ length: node.gpus }, (_, gpu) => ({ n, gpu, dead: !liveOf(node).includes(gpu) })),
      );
      expect(totalGpus(cluster)).toBe(ranks.length);
      expect(firstRanks(cluster)).toEqual([...cluster.map((_, n) => ranks.findIndex((rank) => rank.n === n)), ranks.length]);
      expect(deadRanks(cluster)).toEqual([...ranks.keys()].filter((rank) => ranks[rank]!.dead));
      const live = withLiveGpus(cluster);
      expect(live).toEqual(cluster.map(({ deadGpus: _, ...node }, n) => ({ ...node, gpus: liveOf(cluster[n]!).length })));
      live.forEach((node, n) => {
        for (let slot = 0; slot < node.slots; slot++)
          expect(gpuOfSlot(cluster[n]!, slot)).toBe(liveOf(cluster[n]!)[gpuOfSlot(node, slot)]);
      });
      withAllGpus(cluster).forEach((node, n) => {
        const before = cluster[n]!;
        const { slots, gpus, name } = before;
        expect(node).toEqual({
          name,
          slots: before.deadGpus === undefined ? slots : (slots / liveOf(before).length) * gpus,
          gpus,
        });
      });
    }),
  );
  const alive = uniformCluster(2, 3);
  expect(withLiveGpus(alive)).toBe(alive);
});

test("a cluster taken apart has a node for every GPU that has slots, first GPUs first, and can be put together again", () => {
  fc.assert(
    fc.property(clusters, (cluster) => {
      const { cluster: apartNodes, gpus, apart, together } = gpuCluster(cluster);
      const slotsOf = cluster.map((node, n) =>
        Array.from({ length: node.slots }, (_, slot) => ({ n, slot, gpu: gpuOfSlot(node, slot) })),
      );
      const expected = Array.from({ length: 5 }, (_, turn) =>
        slotsOf.flatMap((slots) => {
          const used = [...new Set(slots.map(({ gpu }) => gpu))].sort((a, b) => a - b);
          const own = slots.filter(({ gpu }) => gpu === used[turn]);
          return own.length === 0 ? [] : [own];
        }),
      ).flat();
      expect(gpus).toEqual(expected.map(([slot]) => ({ node: slot!.n, gpu: slot!.gpu })));
      expect(apartNodes).toEqual(expected.map((own) => ({ name: `n${own[0]!.n}:${own[0]!.gpu}`, slots: own.length, gpus: 1 })));
      const held = cluster.map(({ slots }, n) => Array.from({ length: slots }, (_, slot) => 100 * n + slot));
      expect(apart(held)).toEqual(expected.map((own) => own.map(({ n, slot }) => 100 * n + slot)));
      expect(together(apart(held))).toEqual(held);
    }),
  );
});

test("a uniform cluster is of nodes that are alike, as many as asked", () => {
  const cluster = uniformCluster(2, 4, 2);
  expect(cluster).toEqual([0, 1].map((n) => ({ name: `node${n}`, slots: 4, gpus: 2 })));
  expect(totalSlots(cluster)).toBe(8);
  expect(uniformCluster(1, 1)).toEqual([{ name: "node0", slots: 1, gpus: 1 }]);
  const wrong = [[0, 1, 1], [1, 0, 1], [1, 1, 0], [1.5, 1, 1]] as const; // biome-ignore format: a picture
  for (const [nodesAsked, slots, gpus] of wrong) expect(() => uniformCluster(nodesAsked, slots, gpus)).toThrow(RangeError);
});
