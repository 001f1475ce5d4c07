/** What a policy that counts steps goes after, and the front that this leads to. */
import { expect, test } from "vitest";
import { planCost } from "../../src/core/cost/planCost.ts";
import { stepSeconds } from "../../src/core/cost/stepCost.ts";
import { goodput, trainingCosts } from "../../src/core/cost/trainingCosts.ts";
import { uniformCluster } from "../../src/core/layout/cluster.ts";
import { makePlacement } from "../../src/core/placement/makePlacement.ts";
import { paretoFront } from "../../src/core/placement/paretoFront.ts";
import { stepGoalOf } from "../../src/core/placement/stepGoalOf.ts";
import { failureUnits } from "../../src/core/recovery/failureUnits.ts";
import { hardwarePreset, modelPreset } from "../../src/formats/presets/index.ts";
import { quickPolicy } from "../support/policy.ts";

const cluster = uniformCluster(4, 3);
const layers = [
  { layer: 0, loads: [60, 25, 15, 10] },
  { layer: 1, loads: [10, 20, 30, 40] },
];
const job = { model: modelPreset("gpt-s")!, hardware: hardwarePreset("rtx3090")!, gradientAccumulation: 1 };
const training = trainingCosts(job, 4, 600);
const policy = { ...quickPolicy, training } as const;
const units = failureUnits(cluster, { unit: "node", probability: 0.1 });

test("goodput is what a plan is worth, a budget is a multiple of the paper's step, survival alone is no goal", () => {
  const aim = stepGoalOf(cluster, layers, { ...policy, objective: "goodput" }, units);
  const outcome = { survival: 0.97, seconds: 0.6 };
  const value = goodput(0.97, { count: 4, probability: 0.1 }, 0.6, { ...training, failures: training.failures! });
  expect(aim && "worth" in aim && aim.worth(outcome)).toBe(value);
  const goal = stepGoalOf(cluster, layers, { ...policy, stepBudget: 1.5 }, units);
  const paper = makePlacement(cluster, layers, { ...policy, placement: "mro" });
  expect(goal && "budget" in goal && goal.budget).toBeGreaterThanOrEqual(1.5 * stepSeconds(training, planCost(paper, "even")));
  expect(goal && "budget" in goal && goal.budget).toBeLessThan(1.6 * stepSeconds(training, planCost(paper, "even")));
  expect(stepGoalOf(cluster, layers, policy, units)).toBeUndefined();
  const { failures: _, ...withoutFailures } = training;
  for (const missing of [undefined, withoutFailures]) {
    expect(() => stepGoalOf(cluster, layers, { ...policy, objective: "goodput", training: missing }, units)).toThrow("failures");
  }
  expect(() => stepGoalOf(cluster, layers, { ...policy, stepBudget: 1, training: undefined }, units)).toThrow("budget");
});

test("a front has plans for budgets between the fastest and the safest step, and marks those that nothing beats", () => {
  let made = 0;
  const points = paretoFront(cluster, layers, policy, (count, of) => {
    expect([count, of]).toEqual([++made, 14]);
  });
  expect(made).toBe(14);
  expect(points.map(({ plan }) => plan)).toEqual(["mro", "spread", "eplb", "resilient", ...new Array<string>(10).fill("front")]);
  const asked = points.slice(4).map((point) => point.asked);
  expect(asked.slice(0, 2)).toEqual(["survival", "fastest"]);
  const [safest, fastest] = points.slice(4).map(({ stepSeconds: seconds }) => seconds!) as [number, number];
  const steps = asked.slice(2).map((text) => Number(text.replace("step budget ", "")) * points[0]!.stepSeconds!);
  steps.forEach((seconds, i) => {
    expect(seconds).toBeCloseTo(fastest + ((safest - fastest) * (i + 1)) / 9, 3);
  });
  for (const { isOnFront, survival, stepSeconds: seconds } of points) {
    const beaten = points.some(
      (other) =>
        other.survival >= survival &&
        other.stepSeconds! <= seconds! &&
        (other.survival > survival || other.stepSeconds! < seconds!),
    );
    expect(isOnFront).toBe(!beaten);
  }
});

test("without a job, the front is of balance limits", () => {
  const { training: _, ...plain } = policy;
  const points = paretoFront(cluster, layers, plain);
  expect(points.slice(4).map(({ asked }) => asked)).toEqual([
    ...[0, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5].map((slack) => `balance slack ${slack}`),
    "no balance limit",
  ]);
  // With equal loads all plans are even, and the one that survives more beats the other.
  const even = paretoFront(cluster, [{ layer: 0, loads: [1, 1, 1, 1, 1] }], plain);
  expect(even.some((one) => even.some((other) => one.balance === other.balance && one.survival > other.survival))).toBe(true);
  for (const all of [points, even]) {
    for (const { isOnFront, survival, balance, stepSeconds: seconds } of all) {
      expect(seconds).toBeUndefined();
      const beaten = all.some(
        (other) =>
          other.survival >= survival && other.balance <= balance && (other.survival > survival || other.balance < balance),
      );
      expect(isOnFront).toBe(!beaten);
    }
  }
});
