/** Levelling a repaired layer by hand-made cases, in which one way is best. */
import { expect, test } from "vitest";
import { uniformCluster } from "../../../src/core/layout/cluster.ts";
import { repairPlacement } from "../../../src/core/reconfigure/repair/repairPlacement.ts";
import { survivors } from "../../../src/core/reconfigure/survivors.ts";
import { quickPolicy } from "../../support/policy.ts";

/** A plan of one layer on nodes of one GPU, repaired for other loads. */
function repaired(nodes: readonly (readonly number[])[], loads: readonly number[], shares: "even" | "free") {
  const replicas = loads.map((_, expert) => nodes.flat().filter((held) => held === expert).length);
  const layer = { layer: 0, loads: loads.map(() => 1), replicas, nodes };
  const old = { cluster: uniformCluster(nodes.length, nodes[0]!.length), layers: [layer] };
  const policy = { ...quickPolicy, shares, minReplicas: 1, failureProbability: 1e-6, balanceSlack: 0.02 };
  const { layers } = repairPlacement({ old, survivors: survivors(old, []), loads: [{ layer: 0, loads }], policy });
  const after = layers[0]!.nodes;
  const moved = after.reduce((sum, slots, n) => sum + slots.filter((expert) => !nodes[n]!.includes(expert)).length, 0);
  return { copies: loads.map((_, expert) => after.flat().filter((held) => held === expert).length), moved };
}

/** Experts that no other node holds: whichever fails takes some along, so that further copies of others survive nothing more. */
const PINNED = 11;

test.each(["even", "free"] as const)(
  "with %s shares, copies of an expert that cooled down make room for one that got hot, and no more moves",
  (shares) => {
    const nodes = [0, 0, 0, 1].map((expert, n) => [expert, ...Array.from({ length: PINNED }, (_, i) => 2 + n * PINNED + i)]);
    const others = new Array<number>(nodes.length * PINNED).fill(1);
    // A twentieth of 48 replicas may move.
    const cooled = repaired(nodes, [10, 30, ...others], shares);
    expect(cooled.copies).toEqual([1, 3, ...others]);
    expect(cooled.moved).toBe(2);
    expect(repaired(nodes, [30, 10, ...others], shares)).toEqual({ copies: [3, 1, ...others], moved: 0 });
  },
);
