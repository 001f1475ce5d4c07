import { describe, expect, test } from "vitest";
import { uniformCluster } from "../../src/core/layout/cluster.ts";
import { assess } from "../../src/core/placement/assess.ts";
import { makePlacement } from "../../src/core/placement/makePlacement.ts";
import { haveSharedData, withoutSharedData } from "../support/lazarus.ts";
import { traceLoads } from "../support/trace.ts";

/** The real trace, 12 layers jointly, on the paper's ten nodes with six slots. */
function assessed(experts: number, iteration: number, placement: "mro" | "spread") {
  const policy = { placement, allocation: "lazarus", minReplicas: 2, seed: 0, failureProbability: 0.1 } as const;
  return assess(makePlacement(uniformCluster(10, 6), traceLoads(iteration, experts), policy), policy);
}

describe.skipIf(!haveSharedData)(`plans for a real trace${haveSharedData ? "" : ` (skipped: ${withoutSharedData})`}`, () => {
  test.each([
    { experts: 8, iteration: 201, recovery: [1, 0.9778, 0.9333, 0.8667, 0.7778, 0.6619], even: 1.11, optimal: 1.09 },
    { experts: 12, iteration: 201, recovery: [1, 0.9556, 0.8667, 0.7381, 0.5794, 0.4048], even: 1.29, optimal: 1.24 },
    { experts: 16, iteration: 201, recovery: [1, 0.9333, 0.8, 0.6143, 0.4048, 0.2095], even: 1.62, optimal: 1.52 },
    { experts: 16, iteration: 4001, recovery: [1, 0.9333, 0.8, 0.6143], even: 1.63, optimal: 1.53 },
  ])("mro, top $experts, iteration $iteration", ({ experts, iteration, recovery, even, optimal }) => {
    const figures = assessed(experts, iteration, "mro");
    recovery.forEach((probability, i) => {
      expect(figures.recovery.failures[i]?.probability).toBeCloseTo(probability, 4);
    });
    expect(figures.recovery.tolerates).toBe(1);
    expect(figures.balance.even).toBeCloseTo(even, 2);
    expect(figures.balance.optimal).toBeCloseTo(optimal, 2);
    figures.recovery.failures.forEach(({ probability }, i) => {
      expect(figures.upperBound[i]).toBeGreaterThanOrEqual(probability - 1e-12);
    });
  });
  test("spread, top 16", () => {
    expect(assessed(16, 201, "spread").recovery.failures[3]?.probability).toBeCloseTo(25 / 210, 12);
  });
});
