import { expect, test } from "vitest";
import { uniformCluster } from "../../src/core/layout/cluster.ts";
import { assess } from "../../src/core/placement/assess.ts";
import { makePlacement } from "../../src/core/placement/makePlacement.ts";
import type { Policy } from "../../src/core/placement/policy.ts";
import { MOST_RANKS } from "../../src/core/placement/resilient/gpuBalance.ts";

const policy: Policy = {
  ...{ placement: "resilient", allocation: "lazarus", effort: "fast" },
  ...{ minReplicas: 2, seed: 0, failureProbability: 0.01 },
};
/** Not in the order of tokens, neither layers nor experts: the search ranks both. */
const layers = [
  { layer: 3, loads: [10, 20, 30, 7] },
  { layer: 5, loads: [1, 900, 2, 40] },
];

test("on thousands of ranks the search's balance is what the plan has", () => {
  const made = makePlacement(uniformCluster(9, MOST_RANKS / 8, MOST_RANKS / 8), layers, policy);
  expect([...made.foundBalance!.keys()]).toEqual(made.layers);
  expect(assess(made, policy).balance).toEqual(assess({ cluster: made.cluster, layers: made.layers }, policy).balance);
});
