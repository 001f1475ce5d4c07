import { expect, test } from "vitest";
import { type ClusterNode, uniformCluster } from "../../src/core/layout/cluster.ts";
import { Infeasible } from "../../src/core/layout/infeasible.ts";
import { type Assessment, assess } from "../../src/core/placement/assess.ts";
import { makePlacement } from "../../src/core/placement/makePlacement.ts";
import type { Policy } from "../../src/core/placement/policy.ts";
import { checkReachable, mayReach, type RedundancyGoal, reaches } from "../../src/core/placement/redundancyGoal.ts";

const policy: Policy = { placement: "mro", allocation: "lazarus", minReplicas: 2, seed: 0, failureProbability: 0.1 };
const resilient: Policy = { ...policy, placement: "resilient", balanceSlack: 0.5 };
const oneLayer = (...loads: number[]) => [{ layer: 0, loads }];

test("a plan reaches a goal when it does all that it asks, within the policy's limits", () => {
  const made = makePlacement(uniformCluster(4, 2), oneLayer(4, 3, 2, 1), policy);
  const found = assess(made, policy);
  const { tolerates } = found.recovery;
  const { probability } = found.survival;
  expect([tolerates, made.keptMinReplicas]).toEqual([1, 2]);
  const does = (goal: RedundancyGoal, more: Partial<typeof made> = {}, assessment: Partial<Assessment> = {}) =>
    reaches(goal, { ...made, ...more }, { ...found, byUnit: {}, ...assessment }, policy);
  expect(does({})).toBe(true);
  expect(does({}, { withinBalanceLimit: false })).toBe(false);
  expect(does({}, { withinStepBudget: false })).toBe(false);
  expect([does({ survive: 1 }), does({ survive: 2 })]).toEqual([true, false]);
  expect([does({ minReplicas: 2 }), does({ minReplicas: 3 })]).toEqual([true, false]);
  expect([does({ survival: probability + 1e-10 }), does({ survival: probability + 1e-8 })]).toEqual([true, false]);
  // Of an estimate the lower end counts.
  const estimated = { survival: { probability: 0.9, interval: [0.8, 0.95] as const } };
  expect([does({ survival: 0.8 }, {}, estimated), does({ survival: 0.81 }, {}, estimated)]).toEqual([true, false]);
});

test("as many failures as units leave nothing, and full copies survive until all units fail", () => {
  const racks: ClusterNode[] = uniformCluster(4, 1).map((node, n) => ({ ...node, domain: `rack${n % 2}` }));
  const byDomain: Policy = { ...policy, failureUnit: "domain" };
  const refusal = (goal: RedundancyGoal, cluster: readonly ClusterNode[], by: Policy) => {
    try {
      checkReachable(goal, cluster, by);
      return undefined;
    } catch (error) {
      if (error instanceof Infeasible) return error;
      throw error;
    }
  };
  expect(refusal({}, racks, policy)).toBeUndefined();
  expect(refusal({ survive: 3 }, racks, policy)).toBeUndefined();
  expect(refusal({ survive: 4 }, racks, policy)?.message).toContain("of 4 of 4 nodes leaves nothing; ask for at most 3");
  expect(refusal({ survive: 1 }, racks, byDomain)).toBeUndefined();
  expect(refusal({ survive: 2 }, racks, byDomain)).toMatchObject({ about: "survive" });
  expect(refusal({ survival: 1 - 1e-4 }, racks, policy)).toBeUndefined();
  expect(refusal({ survival: 1 - 1e-4 + 1e-8 }, racks, policy)).toMatchObject({ about: "survival" });
  expect(refusal({ survival: 0.99 }, racks, byDomain)).toBeUndefined();
  expect(refusal({ survival: 0.991 }, racks, byDomain)?.message).toContain("each of 2 domains");
});

const may = (goal: RedundancyGoal, cluster: readonly ClusterNode[], loads: readonly number[], by: Policy = policy) =>
  mayReach(goal, cluster, oneLayer(...loads), by);

test("every expert takes as many slots as failures to survive and one, as replicas asked, and as its load takes GPUs", () => {
  const slots = (...counts: number[]) => counts.map((count, n) => ({ name: `n${n}`, slots: count, gpus: 1 }));
  const even = [1, 1, 1, 1];
  expect([may({}, slots(2, 1, 1), even), may({}, slots(1, 1, 1), even)]).toEqual([true, false]);
  expect([may({ survive: 2 }, slots(4, 4, 4), even), may({ survive: 2 }, slots(4, 4, 3), even)]).toEqual([true, false]);
  expect([may({ minReplicas: 3 }, slots(4, 4, 4), even), may({ minReplicas: 3 }, slots(4, 4, 3), even)]).toEqual([true, false]);
  // Of 80 tokens on 4 GPUs each may carry 30: the first expert takes 2 of them, the others 1.
  const hot = [50, 20, 5, 5];
  expect([may({}, slots(2, 1, 1, 1), hot, resilient), may({}, slots(1, 1, 1, 1), hot, resilient)]).toEqual([true, false]);
  expect(may({}, slots(1, 1, 1, 1), hot)).toBe(true);
  expect(may({}, slots(1, 1, 1, 1), hot, { ...resilient, stepBudget: 1 })).toBe(true);
  expect(may({}, slots(1, 1, 1, 1), hot, { ...resilient, objective: "goodput" })).toBe(true);
  // A GPU filled to its limit, and within the tolerance of searches.
  expect(may({}, slots(1, 1, 1, 1), [30, 20, 20, 10], resilient)).toBe(true);
  expect(may({}, slots(1, 1, 1, 1), [30.001, 20, 20, 9.999], resilient)).toBe(true);
  expect(may({}, slots(1, 1, 1, 1), [30.1, 20, 20, 9.9], resilient)).toBe(false);
  expect(may({}, slots(1, 1, 1, 1), [0, 0, 0, 0], resilient)).toBe(true);
  // All layers have to fit.
  expect(
    mayReach(
      {},
      slots(1, 1, 1, 1),
      [
        { layer: 0, loads: even },
        { layer: 1, loads: hot },
      ],
      resilient,
    ),
  ).toBe(false);
});

test("no placement survives more than the bound on all placements says, of nodes or of domains", () => {
  // Five pairs at best: 1, 0.6, 0, 0, 0.
  const cluster = uniformCluster(5, 2);
  const loads = [1, 1, 1, 1, 1];
  const [p, q] = [0.1, 0.9];
  const most = q ** 5 + 5 * p * q ** 4 + 10 * p ** 2 * q ** 3 * 0.6;
  expect(may({ survival: most }, cluster, loads)).toBe(true);
  expect(may({ survival: most + 1e-8 }, cluster, loads)).toBe(false);
  expect(may({ survive: 1 }, cluster, loads)).toBe(true);
  const racks = cluster.map((node, n) => ({ ...node, domain: n < 2 ? "a" : "b" }));
  const byDomain: Policy = { ...policy, failureUnit: "domain" };
  // Four experts on both racks: lost when both fail.
  expect(may({ survival: 0.99 }, racks, loads.slice(1), byDomain)).toBe(true);
  expect(may({ survival: 0.99 + 1e-8 }, racks, loads.slice(1), byDomain)).toBe(false);
});
