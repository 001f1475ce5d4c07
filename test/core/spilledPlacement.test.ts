import { expect, test } from "vitest";
import { uniformCluster } from "../../src/core/layout/cluster.ts";
import { allHostSets, replicasByRank } from "../../src/core/layout/placement.ts";

const cluster = uniformCluster(2, 4, 2);
const layerOf = (layer: number, nodes: number[][]) => ({ layer, loads: [1, 1, 1], replicas: [1, 1, 1], nodes });
const full = layerOf(3, [
  [0, 0, 0, 2],
  [1, 1, 2, 2],
]);
const short = layerOf(5, [
  [0, 0, 0, 0],
  [1, 1, 1, 1],
]);
const spilled = [{ layer: 5, expert: 2, nodes: [1] }];

test("a spilled expert has its hosts in its own layer only", () => {
  expect(allHostSets({ cluster, layers: [full, short], spilled })).toEqual([
    [[0], [1], [0, 1]],
    [[0], [1], [1]],
  ]);
});

test("copies are counted on the GPU that has them, a spilled expert on the first GPU of its node in its own layer", () => {
  expect(replicasByRank(cluster, full, spilled)).toEqual([
    [
      [0, 2],
      [1, 1],
    ],
    [[2, 2]],
    [
      [1, 1],
      [3, 2],
    ],
  ]);
  expect(replicasByRank(cluster, short, spilled)[2]).toEqual([[2, 1]]);
  const crippled = [cluster[0]!, { ...cluster[1]!, deadGpus: [0] }];
  expect(replicasByRank(crippled, short, spilled)[2]).toEqual([[3, 1]]);
});
