/** What the simulator's planner asks the placement for. */
import { afterEach, expect, test, vi } from "vitest";
import { storeSeconds } from "../../src/core/cost/trainingSpec.ts";
import { uniformCluster } from "../../src/core/layout/cluster.ts";
import type { Policy } from "../../src/core/placement/policy.ts";
import { resilientPlanner } from "../../src/core/simulation/planners.ts";
import { gptS, rtx3090 } from "../support/simulation.ts";

const asked = vi.hoisted(() => [] as Policy[]);
vi.mock("../../src/core/placement/makePlacement.ts", () => ({
  makePlacement: (_: unknown, layers: unknown, policy: Policy) => {
    asked.push(policy);
    return { layers };
  },
}));
afterEach(() => {
  asked.length = 0;
});

const job = { model: gptS, hardware: rtx3090, gradientAccumulation: 1 };
const { reconfigureSeconds } = rtx3090.recovery;

test.each([2, 24, 25])("%i nodes: none fails in the time of a reconfiguration as often as the job's failures say", (nodes) => {
  for (const secondsBetween of [60, 3600]) {
    resilientPlanner(job, { secondsBetween, areIndependent: true }).plan([[1, 2, 3, 4]], uniformCluster(nodes, 4));
    const { failureProbability } = asked.at(-1)!;
    // Failures are a Poisson process of the whole job.
    expect((1 - failureProbability!) ** nodes).toBeCloseTo(Math.exp(-reconfigureSeconds / secondsBetween), 12);
  }
});

test("where failures are not independent another node goes with the first, on clusters of any size; checkpoints add to a step", () => {
  for (const nodes of [10, 1000]) {
    resilientPlanner(job, { secondsBetween: 3600, areIndependent: false }).plan([[1, 2, 3, 4]], uniformCluster(nodes, 4));
    expect(nodes * asked.at(-1)!.failureProbability!).toBeCloseTo(1, 12);
  }
  const saving = (faultTolerantCheckpointEvery: typeof gptS.faultTolerantCheckpointEvery) => {
    const other = { ...job, model: { ...gptS, faultTolerantCheckpointEvery } };
    resilientPlanner(other, { secondsBetween: 3600, areIndependent: true }).plan([[1, 2, 3, 4]], uniformCluster(10, 4));
    return asked.at(-1)!.training!.failures!.savingSecondsPerStep;
  };
  const pause = rtx3090.recovery.checkpointSeconds + storeSeconds(job, 10);
  expect(saving({ steps: 50 })).toBeCloseTo(pause / 50, 12);
  expect(saving({ seconds: 600 })).toBeUndefined();
});

test("up to 24 nodes goodput counts, with each layer standing for as many as the model has; beyond, survival", () => {
  const planner = resilientPlanner(job, { secondsBetween: 600, areIndependent: true });
  planner.plan([[1, 2, 3, 4]], uniformCluster(24, 4));
  planner.plan(
    [
      [1, 2, 3, 4],
      [4, 3, 2, 1],
    ],
    uniformCluster(24, 4),
  );
  planner.plan([[1, 2, 3, 4]], uniformCluster(25, 4));
  const [one, two, large] = asked;
  expect(one).toMatchObject({
    placement: "resilient",
    objective: "goodput",
    minReplicas: gptS.minReplicas,
    effort: "fast",
    seed: 0,
  });
  for (const figure of ["perCompute", "perTraffic", "perSync"] as const) {
    expect(one!.training![figure]).toBeCloseTo(2 * two!.training![figure], 12);
  }
  expect(one!.training!.base).toBe(two!.training!.base);
  expect(large!.objective).toBe("survival");
});

test("with several GPUs a node no GPU is left with more than the paper's placement gives it: survival counts", () => {
  const hardware = { ...rtx3090, gpusPerNode: 4 };
  resilientPlanner({ ...job, hardware }, { secondsBetween: 600, areIndependent: true }).plan(
    [[1, 2, 3, 4]],
    uniformCluster(8, 4, 4),
  );
  expect(asked.at(-1)).toMatchObject({ objective: "survival" });
});
