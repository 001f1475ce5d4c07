/** Whole recoveries, seen from outside. */
import { expect, test } from "vitest";
import { uniformCluster } from "../../src/core/layout/cluster.ts";
import { countReplicas, hostSets, type Placement } from "../../src/core/layout/placement.ts";
import { type GoesOn, planRecovery, type RecoveryProblem } from "../../src/core/reconfigure/planRecovery.ts";
import { quickPolicy } from "../support/policy.ts";

const policy = { ...quickPolicy, balanceSlack: Infinity };
const speed = { expertBytes: 3, bandwidth: 2, detectSeconds: 5, regroupSeconds: 7 };

function placed(slots: number, loads: readonly number[], held: readonly (readonly number[])[]): Placement {
  const layer = { layer: 0, loads, nodes: held, replicas: countReplicas(loads.length, held) };
  return { cluster: uniformCluster(held.length, slots), layers: [layer] };
}

function recovered(old: Placement, more: Partial<RecoveryProblem> = {}): GoesOn {
  const recovery = planRecovery({ old, madeBy: "resilient", failed: [], policy, speed, ...more });
  if (!recovery.recoverable) throw new Error(recovery.because);
  return recovery;
}

test("with no slot free, an expert with one host is given another by one that has more than it must", () => {
  // Expert 0 is on three nodes, 1 on two, 2 on one; each must be on two.
  const old = placed(2, [1, 1, 1], [[0, 1], [0, 1], [0, 2]]); // biome-ignore format: rows
  const { change, placement } = recovered(old);
  expect(hostSets(placement.layers[0]!).map((set) => set.length)).toEqual([2, 2, 2]);
  expect(change.transfers).toHaveLength(1);
  expect(change.transfers[0]).toMatchObject({ expert: 2, from: 2 });
});

test("every round takes the time of one expert over one link; what is noticed and regrouped comes on top", () => {
  const old = placed(2, [4, 3, 2, 1], [[0, 1], [2, 3], [0, 1], [2, 3]]); // biome-ignore format: rows
  const { change, seconds } = recovered(old, { failed: [1], joined: 2 });
  expect(change.rounds).toBeGreaterThan(1);
  expect(seconds).toEqual({
    detectSeconds: 5,
    regroupSeconds: 7,
    transferSeconds: expect.closeTo(1.5 * change.rounds, 12),
    lowerBoundSeconds: expect.closeTo(1.5 * change.lowerBoundRounds, 12),
  });
});

test("a repair stays where it is, whatever finds the nodes parts of a new placement", () => {
  const old = placed(2, [4, 3, 2, 1], [[0, 1], [2, 3], [0, 1], [2, 3], [0, 2]]); // biome-ignore format: rows
  const [greedy, optimal] = (["greedy", "optimal"] as const).map((mapping) => recovered(old, { failed: [1], mapping }));
  expect(greedy!.ways.taken).toBe("repair");
  expect(greedy!.change).toEqual(optimal!.change);
});
