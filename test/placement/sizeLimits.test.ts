import { expect, test } from "vitest";
import { uniformCluster } from "../../src/core/layout/cluster.ts";
import { Infeasible } from "../../src/core/layout/infeasible.ts";
import { checkPlacementSize, checkSearch, searchSeconds } from "../../src/core/placement/sizeLimits.ts";

test("10,000 nodes and 20 million slots are placed, and no more", () => {
  const most = uniformCluster(10_000, 20);
  expect(() => checkPlacementSize(most, 100)).not.toThrow();
  expect(() => checkPlacementSize(most, 101)).toThrow(/^20200000 slots in 101 layers are too many, at most 20000000/);
  expect(() => checkPlacementSize(uniformCluster(10_001, 1), 1)).toThrow(/^10001 nodes are too many, at most 10000/);
});

test("a search is announced by nodes squared and layers, and refused beyond an hour; several GPUs a node take none", () => {
  expect(searchSeconds(uniformCluster(1000, 2), 2)).toBeCloseTo(6.6, 9);
  expect(searchSeconds(uniformCluster(1000, 2, 2), 2)).toBe(0);
  const nodes = uniformCluster(10_000, 1);
  expect(searchSeconds(nodes, 10)).toBeCloseTo(3300, 9);
  expect(() => checkSearch(nodes, 10)).not.toThrow();
  expect(searchSeconds(nodes, 11)).toBe(0);
  expect(() => checkSearch(nodes, 11)).toThrow(Infeasible);
});
