import fc from "fast-check";
import { expect, test } from "vitest";
import { uniformCluster } from "../../src/core/layout/cluster.ts";
import { decide } from "../../src/core/rebalance/decide.ts";
import { planRatio, planSpread } from "../../src/core/rebalance/planLevel.ts";
import { triggered } from "../../src/core/rebalance/trigger.ts";

const terms = {
  stepSeconds: 1,
  newStepSeconds: 0.9,
  steps: 100,
  transferSeconds: 6,
  overlap: 0,
  pauseSeconds: 2,
  hysteresis: 1,
};

test("moves pay when the steps to the next review save more than the transfers take", () => {
  const { move, gainSeconds, costSeconds, breakEvenSteps } = decide(terms);
  expect({ move, costSeconds }).toEqual({ move: true, costSeconds: 8 });
  expect(gainSeconds).toBeCloseTo(10, 9);
  expect(breakEvenSteps).toBe(81); // 80 steps of 0.1 s, which doubles put a little below it.
  expect(decide({ ...terms, steps: 79 }).move).toBe(false);
  expect(decide({ ...terms, hysteresis: 1.5 }).move).toBe(false);
  expect(decide({ ...terms, steps: 79, overlap: 0.5 })).toMatchObject({ move: true, costSeconds: 5 });
  expect(decide({ ...terms, newStepSeconds: 1, transferSeconds: 0, pauseSeconds: 0 })).toEqual({
    move: false,
    gainSeconds: 0,
    costSeconds: 0,
  });
  expect(decide({ ...terms, newStepSeconds: 1.1 })).not.toHaveProperty("breakEvenSteps");
});

test("what pays, pays with more steps, fewer bytes and less hysteresis; and has broken even by then", () => {
  const positive = fc.double({ min: 1e-3, max: 1e3, noNaN: true });
  fc.assert(
    fc.property(
      positive,
      positive,
      positive,
      positive,
      fc.double({ min: 0, max: 1, noNaN: true }),
      (a, b, steps, transferSeconds, overlap) => {
        const given = { ...terms, stepSeconds: a, newStepSeconds: b, steps, transferSeconds, overlap, hysteresis: 1.2 };
        const { move, breakEvenSteps } = decide(given);
        expect(move && a <= b).toBe(false);
        if (!move) return;
        expect(breakEvenSteps!).toBeLessThanOrEqual(Math.ceil(steps));
        expect(decide({ ...given, steps: 2 * steps }).move).toBe(true);
        expect(decide({ ...given, transferSeconds: transferSeconds / 2 }).move).toBe(true);
        expect(decide({ ...given, hysteresis: 1 }).move).toBe(true);
      },
    ),
  );
});

test.each([{ steps: -1 }, { transferSeconds: -1 }, { overlap: 1.1 }, { hysteresis: 0.9 }, { stepSeconds: Number.NaN }])(
  "refuses %o",
  (wrong) => {
    expect(() => decide({ ...terms, ...wrong })).toThrow(RangeError);
  },
);

const ratio = { kind: "ratio", above: 1.2 } as const;
const cv = { kind: "cv", above: 0.2 } as const;
const every = { kind: "every", iterations: 50 } as const;
const eager = { hysteresis: 1, cooldown: 0 };

test("triggers: ratio, spread, iterations gone by; a plan that was never looked at is due", () => {
  const at = (iteration: number, level = 0) => ({ iteration, level });
  expect([1.2, 1.21].map((level) => triggered(ratio, {}, at(1, level), eager))).toEqual([false, true]);
  expect([0.2, 0.21].map((level) => triggered(cv, {}, at(1, level), eager))).toEqual([false, true]);
  expect([149, 150].map((iteration) => triggered(every, { movedAt: 100 }, at(iteration), eager))).toEqual([false, true]);
  expect(triggered(every, {}, at(1), eager)).toBe(true);
  expect(triggered({ kind: "gain" }, {}, at(1), eager)).toBe(true);
});

test("none fires within the cooldown, and none on what the last review could not level", () => {
  const soon = { iteration: 150, level: 9 };
  for (const trigger of [ratio, cv, every, { kind: "gain" }] as const) {
    expect(triggered(trigger, { movedAt: 100 }, soon, { ...eager, cooldown: 51 })).toBe(false);
    expect(triggered(trigger, { movedAt: 100 }, soon, { ...eager, cooldown: 50 })).toBe(true);
  }
  const level = (given: number) => ({ iteration: 1, level: given });
  expect(triggered(ratio, { left: 1.3 }, level(1.3), eager)).toBe(false);
  expect(triggered(ratio, { left: 1.3 }, level(1.31), eager)).toBe(true);
  expect([1.44, 1.46].map((it) => triggered(ratio, { left: 1.3 }, level(it), { ...eager, hysteresis: 1.5 }))).toEqual([
    false,
    true,
  ]);
  expect([0.44, 0.46].map((it) => triggered(cv, { left: 0.3 }, level(it), { ...eager, hysteresis: 1.5 }))).toEqual([false, true]);
});

test("levels of a plan: its layers' mean ratio and spread", () => {
  const cluster = uniformCluster(3, 1);
  const layer = (loads: number[]) => ({ layer: 0, loads, replicas: [2, 1], nodes: [[0], [0], [1]] });
  const plan = { cluster, layers: [layer([2, 2]), layer([4, 2])] };
  expect(planRatio(plan, "even")).toBeCloseTo((1.5 + 1) / 2, 12);
  expect(planSpread(plan)).toBeCloseTo(Math.sqrt((0.25 ** 2 * 2 + 0.5 ** 2) / 3) / 2, 12);
  const shared = {
    cluster: uniformCluster(2, 2),
    layers: [
      {
        layer: 0,
        loads: [4, 2],
        replicas: [2, 1],
        nodes: [
          [0, -1],
          [0, 1],
        ],
      },
    ],
  };
  expect(planRatio(shared, "even")).toBeCloseTo(4 / 3, 12);
  expect(planRatio(shared, "free")).toBeCloseTo(1, 12);
});
