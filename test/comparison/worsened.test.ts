import { expect, test } from "vitest";
import { type PlanRecord, worsened } from "../../src/core/comparison/worsened.ts";

const plan: PlanRecord = {
  name: "p",
  survival: 0.9,
  tolerates: 2,
  balance: { evenMean: 1.5, optimalMean: 1.2 },
  steps: { p50: 1.3, p90: 1.4, p99: 1.6, max: 1.7, mean: 1.1 },
  stepSeconds: 0.5,
};

test.each([
  ["step time", { stepSeconds: 0.52 }, 0.5, 0.52],
  ["median iteration", { steps: { ...plan.steps!, p50: 1.35 } }, 1.3, 1.35],
  ["p99 iteration", { steps: { ...plan.steps!, p99: 1.65 } }, 1.6, 1.65],
  ["worst iteration", { steps: { ...plan.steps!, max: 1.75, mean: 1.1 } }, 1.7, 1.75],
  ["busiest GPU", { balance: { evenMean: 1.54, optimalMean: 1.2 } }, 1.5, 1.54],
  ["survival", { survival: 0.87 }, 0.9, 0.87],
] as const)("%s may get worse by so much and no more", (figure, change, before, now) => {
  const changed = { ...plan, ...change };
  expect(worsened([changed], [plan], "even", 0.02)).toEqual([{ plan: "p", figure, before, now }]);
  expect(worsened([changed], [plan], "even", 0.06)).toEqual([]);
  expect(worsened([plan], [changed], "even", 0)).toEqual([]);
});

test("balance is that under the shares, what is unknown or new is not held against a plan, and no failure may be lost", () => {
  const busier = { ...plan, balance: { evenMean: 1.5, optimalMean: 1.3 } };
  expect(worsened([busier], [plan], "even", 0)).toEqual([]);
  expect(worsened([busier], [plan], "free", 0)).toHaveLength(1);
  expect(worsened([{ ...plan, steps: undefined, stepSeconds: undefined }], [plan], "even", 0)).toEqual([]);
  expect(worsened([{ ...plan, name: "q", survival: 0 }], [plan], "even", 0)).toEqual([]);
  expect(worsened([{ ...plan, tolerates: 1 }], [plan], "even", 0.9)).toMatchObject([{ before: 2, now: 1 }]);
});
