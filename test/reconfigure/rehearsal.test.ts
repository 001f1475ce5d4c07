import { expect, test } from "vitest";
import { uniformCluster } from "../../src/core/layout/cluster.ts";
import type { LayerPlacement, Placement } from "../../src/core/layout/placement.ts";
import { rehearsalOf } from "../../src/core/reconfigure/rehearsal.ts";

test("a rehearsal begins and ends with the experts in slots and in host memory", () => {
  const cluster = uniformCluster(2, 2);
  const layer = (nodes: number[][]): LayerPlacement => ({ layer: 7, loads: [1, 1, 1, 1], replicas: [1, 1, 1, 1], nodes });
  const old: Placement = {
    cluster,
    layers: [
      layer([
        [0, 1],
        [2, -1],
      ]),
    ],
  };
  const survivors = { cluster: cluster.slice(0, 1), layers: [layer([[0, 1]])], oldNode: [0], holders: [], lost: [] };
  const change = {
    physicalNode: [0],
    placement: { cluster: survivors.cluster, layers: [layer([[0, 1]])] },
    transfers: [],
    spilled: [{ layer: 7, expert: 3, nodes: [0] }],
    rounds: 0,
    lowerBoundRounds: 0,
  };
  const { nodes } = rehearsalOf(old, survivors, change, [{ layer: 7, expert: 3, nodes: [0, 1] }]);
  expect(nodes).toEqual([
    { name: "node0", fails: false, holds: ["7/0", "7/1", "7/3"], shallHold: ["7/0", "7/1", "7/3"] },
    { name: "node1", fails: true, holds: ["7/2", "7/3"], shallHold: [] },
  ]);
});
