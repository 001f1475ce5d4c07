import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { usefulStepsPerSecond } from "../../src/core/cost/goodput.ts";
import { planCost } from "../../src/core/cost/planCost.ts";
import { stepSeconds } from "../../src/core/cost/stepCost.ts";
import { goodput, survivalOfFailure, trainingCosts } from "../../src/core/cost/trainingCosts.ts";
import { totalSlots, uniformCluster } from "../../src/core/layout/cluster.ts";
import { hostSets, type LayerLoads } from "../../src/core/layout/placement.ts";
import { assess } from "../../src/core/placement/assess.ts";
import { makePlacement } from "../../src/core/placement/makePlacement.ts";
import { paretoFront } from "../../src/core/placement/paretoFront.ts";
import type { Policy } from "../../src/core/placement/policy.ts";
import { hardwarePreset, modelPreset } from "../../src/formats/presets/index.ts";
import { haveSharedData, withoutSharedData } from "../support/lazarus.ts";
import { traceLoads } from "../support/trace.ts";

const job = { model: modelPreset("gpt-s")!, hardware: hardwarePreset("rtx3090")!, gradientAccumulation: 1 };
const base = { allocation: "lazarus", minReplicas: 2, seed: 0, failureProbability: 0.1, effort: "fast" } as const;
const costs = { secondsBetween: 100, reconfigureSeconds: 10, restartSeconds: 50, repeatedSeconds: 20, repeatedSteps: 4 };

describe("useful steps", () => {
  test("lose the pause, and with a restart the work since the checkpoint", () => {
    expect(usefulStepsPerSecond(1, 0.5, costs)).toBeCloseTo(100 / 0.5 / 110);
    expect(usefulStepsPerSecond(0, 0.5, costs)).toBeCloseTo((100 - 20 - 2) / 0.5 / 150);
    expect(usefulStepsPerSecond(0.5, 0.5, costs)).toBeCloseTo((100 - 11) / 0.5 / 130);
  });

  test("are never negative, and grow with survival and speed", () => {
    const time = fc.double({ min: 0.001, max: 1e5, noNaN: true });
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(
        fc.record({ secondsBetween: time, reconfigureSeconds: time, more: time, repeatedSeconds: time, repeatedSteps: time }),
        share,
        share,
        time,
        time,
        ({ more, ...rest }, p, q, s, t) => {
          const failures = { ...rest, restartSeconds: rest.reconfigureSeconds + more };
          const useful = (survival: number, seconds: number) => usefulStepsPerSecond(survival, seconds, failures);
          expect(useful(p, s)).toBeGreaterThanOrEqual(0);
          expect(useful(Math.max(p, q), s)).toBeGreaterThanOrEqual(useful(Math.min(p, q), s) * (1 - 1e-12));
          expect(useful(p, Math.min(s, t))).toBeGreaterThanOrEqual(useful(p, Math.max(s, t)) * (1 - 1e-12));
        },
      ),
    );
  });

  test("are weighed by what survives a failure, not by hours without one", () => {
    expect(survivalOfFailure(0.9 ** 2, 2, 0.1)).toBeCloseTo(0);
    expect(survivalOfFailure(1, 2, 0.1)).toBe(1);
    expect(survivalOfFailure(0.99, 2, 0.1)).toBeCloseTo(1 - 0.01 / 0.19);
  });
});

describe("placement within a step budget", () => {
  const instances = fc.record({
    nodes: fc.integer({ min: 2, max: 7 }),
    slots: fc.integer({ min: 2, max: 5 }),
    loads: fc.array(fc.array(fc.nat(1000), { minLength: 4, maxLength: 4 }), { minLength: 1, maxLength: 3 }),
    stepBudget: fc.double({ min: 0.8, max: 1.2, noNaN: true }),
    seed: fc.nat(100),
  });

  test("keeps what it says it keeps, and the minimum of replicas", () => {
    fc.assert(
      fc.property(instances, ({ nodes, slots, loads, stepBudget, seed }) => {
        const cluster = uniformCluster(nodes, slots);
        fc.pre(totalSlots(cluster) >= 8);
        const layers: LayerLoads[] = loads.map((tokens, layer) => ({ layer, loads: tokens }));
        const training = trainingCosts(job, nodes);
        const policy: Policy = {
          ...base,
          placement: "resilient",
          seed,
          stepBudget,
          training,
          balanceSlack: Number.POSITIVE_INFINITY,
        };
        const made = makePlacement(cluster, layers, policy);
        const published = makePlacement(cluster, layers, { ...base, placement: "mro" });
        const budget = stepBudget * stepSeconds(training, planCost(published, "even"));
        expect(made.withinStepBudget).toBe(stepSeconds(training, planCost(made, "free")) <= budget);
        for (const hosts of made.layers.flatMap(hostSets)) expect(hosts.length).toBeGreaterThanOrEqual(2);
      }),
      { numRuns: 10 },
    );
  });

  test("needs the costs of training", () => {
    const layers = [{ layer: 0, loads: [1, 2] }];
    const place = (policy: Partial<Policy>) => () =>
      makePlacement(uniformCluster(2, 2), layers, { ...base, placement: "resilient", ...policy });
    expect(place({ stepBudget: 1 })).toThrow(RangeError);
    expect(place({ objective: "goodput" })).toThrow(RangeError);
    expect(place({ objective: "goodput", training: trainingCosts(job, 2) })).toThrow(RangeError);
  });
});

describe.skipIf(!haveSharedData)(`plans on a real trace${withoutSharedData}`, () => {
  const cluster = uniformCluster(10, 6);
  /** The first layers say as much where no published figure is met. */
  const some = () => traceLoads(201, 8).slice(0, 4);
  const place = (policy: Partial<Policy>, layers = some()) => {
    const wanted: Policy = { ...base, placement: "resilient", training: trainingCosts(job, 10), ...policy };
    const made = makePlacement(cluster, layers, wanted);
    const shares = wanted.placement === "mro" ? "even" : "free";
    return { seconds: stepSeconds(wanted.training!, planCost(made, shares)), ...assess(made, wanted) };
  };

  test("are faster and safer than the paper's", () => {
    const published = place({ placement: "mro" }, traceLoads(201, 8));
    const ours = place({ stepBudget: 0.957 }, traceLoads(201, 8));
    expect(published.seconds).toBeCloseTo(0.535, 3);
    expect(ours.seconds).toBeLessThanOrEqual(0.512);
    expect(published.recovery.failures[3]!.probability).toBeCloseTo(0.867, 3);
    expect(ours.recovery.failures[3]!.probability).toBe(1);
    expect(ours.balance.optimal).toBeLessThanOrEqual(1.02);
  });

  test("trade survival for speed as failures get rare", () => {
    const [often, rarely] = [60, 86_400].map((seconds) => {
      const training = trainingCosts(job, 10, seconds);
      const plan = place({ objective: "goodput", training });
      const published = place({ placement: "mro" });
      const worth = (made: typeof plan) =>
        goodput(made.survival.probability, { count: 10, probability: 0.1 }, made.seconds, {
          ...training,
          failures: training.failures!,
        });
      expect(worth(plan)).toBeGreaterThan(worth(published));
      return plan;
    });
    expect(often!.survival.probability).toBeGreaterThan(rarely!.survival.probability);
  });

  test("form a front that no other plan passes", () => {
    const training = trainingCosts(job, 10);
    const points = paretoFront(cluster, some(), { ...base, placement: "resilient", training });
    expect(points.map(({ plan }) => plan)).toEqual(["mro", "spread", "eplb", "resilient", ...new Array(10).fill("front")]);
    const front = points.filter(({ isOnFront }) => isOnFront).toSorted((a, b) => a.stepSeconds! - b.stepSeconds!);
    expect(front.every(({ plan }) => plan === "front" || plan === "resilient")).toBe(true);
    front.forEach((point, i) => {
      if (i > 0) expect(point.survival).toBeGreaterThanOrEqual(front[i - 1]!.survival);
    });
  });
});
