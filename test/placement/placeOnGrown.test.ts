import { expect, test } from "vitest";
import { type ClusterNode, uniformCluster } from "../../src/core/layout/cluster.ts";
import type { LayerPlacement } from "../../src/core/layout/placement.ts";
import { assess } from "../../src/core/placement/assess.ts";
import { fillSlots, onGrownCluster } from "../../src/core/placement/growth.ts";
import { makePlacement } from "../../src/core/placement/makePlacement.ts";
import { placeOnGrown } from "../../src/core/placement/placeOnGrown.ts";
import type { Policy } from "../../src/core/placement/policy.ts";

const compact: Policy = { placement: "compact", allocation: "even", minReplicas: 1, seed: 0, failureProbability: 0.1 };

function grownOf(
  cluster: readonly ClusterNode[],
  nodes: LayerPlacement["nodes"],
  loads: number[],
  policy: Policy,
  grown: ClusterNode[],
) {
  const replicas = loads.map((_, expert) => nodes.flat().filter((other) => other === expert).length);
  const placement = { cluster, layers: [{ layer: 0, loads, replicas, nodes }] };
  const after = placeOnGrown({ placement, assessment: assess(placement, policy) }, grown, policy);
  expect(after.assessment).toEqual(assess(after.placement, policy));
  return { kept: onGrownCluster(placement, grown), after: after.placement };
}

const nodesOf = ({ layers }: { readonly layers: readonly LayerPlacement[] }) => layers[0]!.nodes;

test("what the policy makes is taken where it survives no less and is as even", () => {
  const policy: Policy = { ...compact, placement: "spread" };
  const loads = [1, 1, 1, 1];
  const grown = uniformCluster(4, 3);
  const { after } = grownOf(uniformCluster(4, 2), [[0, 1], [0, 1], [2, 3], [2, 3]], loads, policy, grown); // biome-ignore format: a picture
  expect(nodesOf(after)).toEqual(nodesOf(makePlacement(grown, [{ layer: 0, loads }], policy)));
});

test("where the policy's plan survives less, the new slots are filled: with the rarest experts, or where that is uneven the hottest", () => {
  const { after } = grownOf(uniformCluster(2, 2), [[0, 1], [0, 1]], [1, 1], compact, uniformCluster(3, 2)); // biome-ignore format: a picture
  expect(nodesOf(after)).toEqual([[0, 1], [0, 1], [0, 1]]); // biome-ignore format: a picture
  const before = [[0, 1], [0, 2]]; // biome-ignore format: a picture
  const uneven = grownOf(uniformCluster(2, 2), before, [100, 1, 8], compact, uniformCluster(3, 2));
  expect(nodesOf(fillSlots(uneven.kept, "rarest"))[2]).toEqual([2, 1]);
  expect(nodesOf(uneven.after)).toEqual([...before, [0, 2]]);
  // The rarest are even enough when nothing is hot.
  const even = grownOf(uniformCluster(2, 2), before, [4, 4, 4], compact, uniformCluster(3, 2));
  expect(nodesOf(even.after)).toEqual([...before, [1, 2]]);
});

test("where steps have a price, new slots are left free rather than filled", () => {
  const pairs = [[0, 1], [0, 1]]; // biome-ignore format: a picture
  for (const priced of [{ stepBudget: 1.1 }, { objective: "goodput" }] as const) {
    const { kept, after } = grownOf(uniformCluster(2, 2), pairs, [1, 1], { ...compact, ...priced }, uniformCluster(3, 2));
    expect(after).toEqual(kept);
  }
});

test("of plans that survive enough the most even is taken, of those the one that survives most, then the first", () => {
  const before = [[0, 2], [1, 3]]; // biome-ignore format: a picture
  const taken = (placement: "mro" | "spread", nodes: number) =>
    nodesOf(grownOf(uniformCluster(2, 2), before, [9, 9, 1, 1], { ...compact, placement }, uniformCluster(nodes, 2)).after);
  // Busiest over mean and survival: policy 1.8 and 0.98, rarest 1.8 and 0.96, hottest 1.2 and 0.81.
  expect(taken("mro", 4)).toEqual([...before, [0, 1], [0, 1]]);
  // Policy 1.35 and 0.89, filled 1.35 and 0.81.
  expect(taken("mro", 3)).toEqual([[2, 3], [0, 1], [0, 1]]); // biome-ignore format: a picture
  // All 1.35 and 0.81.
  expect(taken("spread", 3)).toEqual([[0, 1], [0, 2], [1, 3]]); // biome-ignore format: a picture
});

test("failing domains are survived no less, too", () => {
  const racks = (slots: number) => uniformCluster(4, slots).map((node, n) => ({ ...node, domain: n < 2 ? "a" : "b" }));
  const { after } = grownOf(racks(1), [[0], [1], [0], [1]], [1, 1], compact, racks(2));
  expect(nodesOf(after)).toEqual([[0, 1], [1, 0], [0, 1], [1, 0]]); // biome-ignore format: a picture
});
