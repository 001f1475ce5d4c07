import { expect, test } from "vitest";
import { type ClusterNode, firstRanks, uniformCluster } from "../../src/core/layout/cluster.ts";
import { gpuCluster } from "../../src/core/layout/gpuCluster.ts";
import { replicasByRank } from "../../src/core/layout/placement.ts";
import { assess } from "../../src/core/placement/assess.ts";
import { makePlacement } from "../../src/core/placement/makePlacement.ts";
import { quickPolicy } from "../support/policy.ts";

const policy = { ...quickPolicy, failureUnit: "gpu" } as const;
const layers = [3, 4].map((layer) => ({ layer, loads: [90, 80, 31, 30, 12, 11, 5, 4] }));

test("slots by node and by GPU are each other's inverse, unevenly dealt slots and GPUs without slots included", () => {
  const cluster = [
    { name: "a", slots: 5, gpus: 2 },
    { name: "b", slots: 1, gpus: 3 },
    { name: "c", slots: 3, gpus: 1 },
  ];
  const { cluster: gpus, apart, together } = gpuCluster(cluster);
  expect(gpus.map(({ name, slots }) => [name, slots])).toEqual([
    ["a:0", 3],
    ["b:0", 1],
    ["c:0", 3],
    ["a:1", 2],
  ]);
  const held = [[0, 1, 2, 3, 4], [5], [6, 7, 8]];
  expect(apart(held)).toEqual([[0, 1, 2], [5], [6, 7, 8], [3, 4]]);
  expect(together(apart(held))).toEqual(held);
});

test("with failing GPUs every expert is on as many GPUs as asked, and survives as on so many nodes of one GPU", () => {
  const cluster: ClusterNode[] = uniformCluster(3, 8, 4).map((node) => ({ ...node, domain: "rack" }));
  cluster[1] = { ...cluster[1]!, slots: 6, deadGpus: [2] };
  const made = makePlacement(cluster, layers, { ...policy, minReplicas: 3 });
  expect(made.cluster).toEqual(cluster);
  expect(made.keptMinReplicas).toBeLessThanOrEqual(3);
  const dead = firstRanks(cluster)[1]! + 2;
  const ranks = made.layers.flatMap((layer) => replicasByRank(cluster, layer).map((copies) => copies.map(([rank]) => rank)));
  for (const set of ranks) {
    expect(set.length).toBeGreaterThanOrEqual(made.keptMinReplicas);
    expect(set).not.toContain(dead);
  }
  const apart = makePlacement(uniformCluster(11, 2), layers, { ...policy, minReplicas: 3, failureUnit: "node" });
  expect(assess(made, policy).byUnit.gpu?.survival).toEqual(assess(apart, policy).survival);
});

test("GPUs that hold the same experts are on different nodes where there are enough", () => {
  const made = makePlacement(uniformCluster(4, 2, 2), [{ layer: 0, loads: [8, 8, 8, 8] }], policy);
  expect(assess(made, policy).byUnit.node?.recovery.tolerates).toBe(1);
});

test("on nodes of one GPU, failing GPUs are failing nodes", () => {
  const cluster = uniformCluster(14, 3);
  expect(makePlacement(cluster, layers, policy)).toEqual(makePlacement(cluster, layers, { ...policy, failureUnit: "node" }));
});

test("step time does not count where GPUs fail", () => {
  expect(() => makePlacement(uniformCluster(4, 4, 2), layers, { ...policy, stepBudget: 1 })).toThrow("step time does not count");
});
