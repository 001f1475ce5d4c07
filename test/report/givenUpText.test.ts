/** What the table of a placement says about wishes that were given up, and that following it helps. */
import { expect, test } from "vitest";
import { uniformCluster } from "../../src/core/layout/cluster.ts";
import { planFigures } from "../../src/core/placement/assess.ts";
import { makePlacement } from "../../src/core/placement/makePlacement.ts";
import type { Policy } from "../../src/core/placement/policy.ts";
import { placementDocument } from "../../src/formats/placementDocument.ts";
import { givenUpText } from "../../src/report/givenUpText.ts";

const usual: Policy = {
  placement: "resilient",
  allocation: "lazarus",
  minReplicas: 2,
  seed: 0,
  failureProbability: 0.125,
  balanceSlack: 0.02,
  effort: "fast",
};
const even = { layer: 4, loads: new Array<number>(8).fill(100) };
// Expert 3 has 60 % of the tokens: 4.8 of eight GPUs, 4.7 within 1.02.
const hot = { layer: 9, loads: [40, 40, 40, 420, 40, 40, 40, 40] };

function placed(slots: number, policy: Partial<Policy> = {}, layers = [even, hot]) {
  const all = { ...usual, ...policy };
  const made = makePlacement(uniformCluster(8, slots), layers, all);
  return placementDocument(made, all, planFigures(made, all));
}

test("balance that the fewest hosts leave no slots for: the layer, its expert, and ways out that help", () => {
  const plan = placed(2);
  expect(plan.balance).toMatchObject({ worst: { optimal: 9 } });
  expect(plan.balance!.optimal).toBeGreaterThan(1.5);
  expect(givenUpText(plan)).toBe(
    "Balance is given up in layer 9: within 1.02 its hottest expert, 3, needs 5 GPUs' worth of slots, and 2 nodes for every other leave it 2; one more slot on every GPU, or --min-replicas 1, would help",
  );
  expect(placed(3).balance!.optimal).toBeLessThan(1.021);
  expect(placed(2, { minReplicas: 1 }).balance!.optimal).toBeLessThan(1.021);
});

test("survival that balance left no slots for, and ways out that help", () => {
  const plan = placed(3);
  expect(givenUpText(plan)).toBe(
    "Survival is given up for balance: for every expert on 3 nodes, layer 9 lacks 2 slots within 1.02 and none without a limit, as its hottest expert, 3, needs 5 GPUs' worth of slots; one more slot on every GPU, or a looser --balance-slack, would help",
  );
  const lost = (document: typeof plan) => 1 - document.recovery!.survival!;
  expect(lost(placed(4))).toBeLessThan(lost(plan));
  expect(lost(placed(3, { balanceSlack: 1 }))).toBeLessThan(lost(plan));
});

test("balance that counting does not forbid: the worst layer under the shares that count", () => {
  const plan = placed(3);
  const beyond = { ...plan, balance: { ...plan.balance!, even: 1.234, worst: { even: 4, optimal: 9 } } };
  expect(givenUpText({ ...beyond, policy: { ...plan.policy, shares: "even" } })).toBe(
    "Balance is given up in layer 4 (1.234): within 1.02 its hottest expert, 0, needs one GPU's worth of slots, and the search found no way to spare them; --effort thorough, one more slot on every GPU or --balance-slack 0.24 may help",
  );
});

test("nothing is said where nothing is given up, or nobody asked", () => {
  expect(givenUpText(placed(2, {}, [even]))).toBeUndefined();
  expect(givenUpText(placed(2, { balanceSlack: Number.POSITIVE_INFINITY }))).toBeUndefined();
  expect(givenUpText(placed(2, { placement: "mro", balanceSlack: undefined }))).toBeUndefined();
});

test("GPUs that fail by themselves are counted on nodes of several", () => {
  const all = { ...usual, failureUnit: "gpu" } as const;
  const made = makePlacement(uniformCluster(4, 8, 2), [even, hot], all);
  const plan = placementDocument(made, all, planFigures(made, all));
  // 32 slots hold 8 experts on 4 of 8 GPUs each; within 1.02 the hottest expert needs 5.
  expect(givenUpText(plan)).toMatch(
    /^Survival is given up for balance: for every expert on 4 GPUs, layer 9 lacks 1 slots within 1\.02/,
  );
});
