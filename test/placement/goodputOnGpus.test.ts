/** A step waits for the busiest GPU, also where the objective is goodput and nodes have several. */
import { expect, test } from "vitest";
import { uniformCluster } from "../../src/core/layout/cluster.ts";
import { planFigures } from "../../src/core/placement/assess.ts";
import { makePlacement } from "../../src/core/placement/makePlacement.ts";
import type { Policy } from "../../src/core/placement/policy.ts";
import { logNormalLayers } from "../../src/dev/logNormalLayers.ts";

const failures = { secondsBetween: 2400, reconfigureSeconds: 25, restartSeconds: 300, repeatedSeconds: 60, repeatedSteps: 0 };
const training = { base: 0.05, perCompute: 0.1, perTraffic: 0.01, perSync: 0.001, samplesPerStep: 16, failures };

test.each([
  [6, 4, 8],
  [4, 2, 4],
])("%i nodes of %i GPUs with %i slots: a plan for goodput is worth at least one for survival", (nodes, gpus, slots) => {
  const cluster = uniformCluster(nodes, slots, gpus);
  const layers = logNormalLayers(3, 8);
  const policy: Policy = {
    ...{ placement: "resilient", allocation: "lazarus", minReplicas: 2, seed: 0, failureProbability: 0.05, effort: "fast" },
    training,
  };
  const worth = (objective: "goodput" | "survival") => {
    const made = makePlacement(cluster, layers, { ...policy, objective });
    return planFigures(made, { ...policy, objective }).step!.usefulSamplesPerSecond!;
  };
  expect(worth("goodput")).toBeGreaterThanOrEqual(worth("survival"));
});
