import { expect, test } from "vitest";
import { trafficByTier } from "../../src/core/comparison/trafficByTier.ts";

const layers = [
  {
    layer: 0,
    loads: [600],
    replicas: [1],
    nodes: [
      [0, -1],
      [-1, -1],
      [-1, -1],
    ],
  },
];
const nodes = ["a", "b", "c"].map((name) => ({ name, slots: 2, gpus: 2 }));

test("tokens of six ranks for an expert on the first one: its own, its node's, its domain's, all others'", () => {
  const sixth = expect.closeTo(1 / 6, 9);
  for (const shares of ["even", "free"] as const) {
    expect(trafficByTier({ cluster: nodes, layers }, shares)).toEqual({
      rank: sixth,
      node: sixth,
      domain: 0,
      remote: expect.closeTo(4 / 6, 9),
    });
    const cluster = nodes.map((node, n) => ({ ...node, domain: n < 2 ? "x" : "y" }));
    const third = expect.closeTo(1 / 3, 9);
    expect(trafficByTier({ cluster, layers }, shares)).toEqual({ rank: sixth, node: sixth, domain: third, remote: third });
  }
});
