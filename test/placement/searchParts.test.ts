import fc from "fast-check";
import { expect, test } from "vitest";
import { uniformCluster } from "../../src/core/layout/cluster.ts";
import type { Cell } from "../../src/core/placement/resilient/search/cell.ts";
import { clusterCell } from "../../src/core/placement/resilient/search/clusterCell.ts";
import { fillFreeSlots } from "../../src/core/placement/resilient/search/fillFreeSlots.ts";
import { resilientHostSets } from "../../src/core/placement/resilient/search/resilientHostSets.ts";
import { makeTables } from "../../src/core/placement/resilient/search/searchLayers.ts";
import { failureUnits } from "../../src/core/recovery/failureUnits.ts";

test("a node's free slots go to the experts with most tokens that it does not host yet", () => {
  const instances = fc.record({
    loads: fc.array(fc.nat(50), { minLength: 4, maxLength: 7 }),
    free: fc.array(fc.nat(3), { minLength: 3, maxLength: 3 }),
    held: fc.array(fc.nat(15), { minLength: 3, maxLength: 3 }),
  });
  fc.assert(
    fc.property(instances, ({ loads, free, held }) => {
      const hosts = loads.map((_, expert) => [0, 1, 2].filter((node) => (held[node]! >> expert) & 1));
      const on = (sets: readonly (readonly number[])[], node: number) =>
        loads.filter((_, expert) => sets[expert]!.includes(node));
      const sum = (tokens: readonly number[]) => tokens.reduce((total, count) => total + count, 0);
      const slots = free.map((count, node) => on(hosts, node).length + count);
      const filled = fillFreeSlots(hosts, loads, slots);
      hosts.forEach((set, expert) => {
        expect(filled[expert]).toEqual([...new Set([...filled[expert]!, ...set])].sort());
      });
      for (const node of [0, 1, 2]) {
        const absent = loads.filter((_, expert) => !hosts[expert]!.includes(node)).sort((a, b) => b - a);
        expect(sum(on(filled, node))).toBe(sum(on(hosts, node)) + sum(absent.slice(0, free[node]!)));
      }
    }),
  );
});

test("the cells of a large cluster have nodes of all domains when domains fail", () => {
  // Racks and three cells that are dealt without a look at racks would meet in the same two racks.
  const cluster = uniformCluster(24, 6).map((node, n) => ({ ...node, domain: `rack${n % 6}` }));
  const layers = [{ layer: 0, loads: Array.from({ length: 16 }, (_, e) => 100 + e) }];
  const { hosts } = resilientHostSets(
    { cluster, layers, minReplicas: 2 },
    { effort: "fast", failureModel: { unit: "domain" }, balanceSlack: Infinity },
  );
  for (const set of hosts[0]!) expect(new Set(set.map((node) => node % 6)).size).toBe(6);
});

test("a search sees blocks of nodes that fail when all of theirs do, or nodes that fail with their domain", () => {
  const cluster = uniformCluster(4, 3, 2).map((node, n) => ({ ...node, domain: `rack${n % 2}` }));
  const layers = [{ layer: 0, loads: [8, 7, 6, 5, 4, 2] }];
  const rules = { minHosts: 1, balanceLimit: 1.1 };
  const cellOf = (blocks: number[][], unit: "node" | "domain") =>
    clusterCell({ cluster, layers }, blocks, failureUnits(cluster, { unit, probability: 0.1 }), rules);
  const blocks = [[0, 1], [2, 3]]; // biome-ignore format: rows
  expect(cellOf(blocks, "node")).toMatchObject({
    ...rules,
    slots: [3, 3],
    gpus: [4, 4],
    unitOfNode: [0, 1],
    failureProbabilities: [expect.closeTo(0.01, 12), expect.closeTo(0.01, 12)],
    nodesEach: [2, 2],
    positions: 6,
    layers: [{ meanPerGpu: 4 }],
    clusterGpus: 8,
  });
  expect(cellOf([[3], [2], [1], [0]], "domain")).toMatchObject({
    gpus: [2, 2, 2, 2],
    unitOfNode: [1, 0, 1, 0],
    failureProbabilities: [0.1, 0.1],
  });
});

test("a layer's ranks may take the limit over the cluster's mean, its own limit where it cannot keep that, and no less than the cell's mean", () => {
  const cellWith = (loads: readonly number[], ownLimit?: number): Cell => ({
    slots: [2, 2],
    gpus: [2, 2],
    unitOfNode: [0, 1],
    failureProbabilities: [0.1, 0.1],
    nodesEach: [1, 1],
    positions: 4,
    minHosts: 1,
    layers: [{ loads, meanPerGpu: 10, ...(ownLimit === undefined ? {} : { ownLimit }) }],
    balanceLimit: 1.1,
    clusterGpus: 16,
  });
  const limitOf = (cell: Cell, limit: number) => makeTables(cell, limit)[0]!.limit;
  const fair = [10, 10, 10, 10];
  expect(limitOf(cellWith(fair), 1.1)).toBe(11);
  expect(limitOf(cellWith(fair, 1.3), 1.1)).toBe(13);
  expect(limitOf(cellWith(fair, 1.05), 1.1)).toBe(11);
  // 56 tokens on four GPUs are 14 each, whatever the limit.
  expect(limitOf(cellWith([26, 10, 10, 10]), 1.1)).toBe(14);
  expect(limitOf(cellWith([26, 10, 10, 10]), 1.5)).toBe(15);
});
