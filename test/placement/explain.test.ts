import { expect, test } from "vitest";
import { uniformCluster } from "../../src/core/layout/cluster.ts";
import { explain } from "../../src/core/placement/explain.ts";
import { makePlacement } from "../../src/core/placement/makePlacement.ts";

test("a change of the cluster on which the policy cannot place is left out of the alternatives", () => {
  const cluster = uniformCluster(2, 2, 2);
  const policy = { allocation: "lazarus", minReplicas: 1, seed: 0, failureProbability: 0.1 } as const;
  const changes = (placement: "eplb" | "mro") => {
    const full = { ...policy, placement };
    const made = makePlacement(cluster, [{ layer: 0, loads: [4, 3, 2, 1] }], full);
    return explain(made, full).alternatives.map(({ change }) => change);
  };
  expect(changes("mro")).toEqual(["one more slot on every node", "one more node"]);
  expect(changes("eplb")).toEqual(["one more node"]);
});
