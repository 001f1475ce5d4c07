/** What better machines do on the same failures: never harm beyond noise. */
import { describe, expect, test } from "vitest";
import type { randomSource } from "../../src/core/algorithms/random.ts";
import type { Job } from "../../src/core/simulation/job.ts";
import { meanInterval } from "../../src/core/simulation/meanInterval.ts";
import { simulateTrial } from "../../src/core/simulation/study.ts";
import { type SystemName, trainingSystem } from "../../src/core/simulation/systems.ts";
import { type UnitFailureSpec, unitFailures } from "../../src/core/simulation/unitFailures.ts";
import { jobOf, rtx3090, tinyModel } from "../support/simulation.ts";

const never = Number.POSITIVE_INFINITY;
const cluster: UnitFailureSpec = {
  ...{ nodes: 8, gpusPerNode: 1, nodesPerDomain: 8, shape: 1, repairSeconds: 900, spares: 1, spareStartSeconds: 60 },
  ...{ mtbf: { gpu: never, node: 8 * 900, domain: never }, drainEverySeconds: never, drainSeconds: never },
};
const TRIALS = 24;
const layout = { tensor: 1, pipeline: 2, expert: 1, data: 4 };

const systems: readonly (readonly [SystemName, Partial<Job>])[] = [
  ["lazarus", {}],
  ["resilient", {}],
  ["ds-ft", {}],
  ["ds", {}],
  ["ds-async", {}],
  ["peer-memory", {}],
  ["moevement", {}],
  ["recycle", { layout, gradientAccumulation: 4 }],
  ["oobleck", { layout, gradientAccumulation: 4 }],
  ["hybrid", { layout, gradientAccumulation: 4 }],
];

/** Samples a second of every trial. */
function rates(name: SystemName, job: Job, given: UnitFailureSpec): number[] {
  const policy = { checkpoint: { seconds: 600 }, rebalanceSteps: 200 };
  const contestants = [{ system: trainingSystem(name, job), policy }];
  const study = { job, contestants, membership: (random: ReturnType<typeof randomSource>) => unitFailures(given, random) };
  return Array.from({ length: TRIALS }, (_, seed) => simulateTrial(study, seed)[0]!.samplesPerSecond);
}

describe.each(systems)("%s", (name, overrides) => {
  // Copies are for balance here, so that more slots do not buy safety with longer steps (f in the paper).
  const job = jobOf({ model: { ...tinyModel, minReplicas: 1 }, seconds: 6 * 3600, constantPauses: false, ...overrides });
  const usual = rates(name, job, cluster);
  const fasterStore = {
    ...rtx3090,
    recovery: { ...rtx3090.recovery, storeBytesPerSecond: 2 * rtx3090.recovery.storeBytesPerSecond! },
  };

  test.each<[string, Job, UnitFailureSpec]>([
    ["more spares", job, { ...cluster, spares: 2 }],
    ["faster repair", job, { ...cluster, repairSeconds: 300 }],
    ["a faster store", { ...job, hardware: fasterStore }, cluster],
    ["more memory", { ...job, model: { ...job.model, slotsPerNode: 3 } }, cluster],
  ])("%s: no harm beyond noise on the same failures", (_, better, given) => {
    const gains = rates(name, better, given).map((rate, trial) => rate / usual[trial]! - 1);
    const { mean, interval } = meanInterval(gains);
    const noise = (interval![1] - interval![0]) / 2;
    expect(mean).toBeGreaterThan(-Math.max(noise, 0.002));
  });
});
