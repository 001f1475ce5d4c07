import { expect, test } from "vitest";
import { modelSize } from "../../src/core/cost/modelSize.ts";
import { goodput, trainingCosts } from "../../src/core/cost/trainingCosts.ts";
import { gptS, rtx3090 } from "../support/simulation.ts";

test("a restart repeats half the checkpoint interval on average, in the interval's own unit", () => {
  const failures = (faultTolerantCheckpointEvery: { seconds: number } | { steps: number }) =>
    trainingCosts({ model: { ...gptS, faultTolerantCheckpointEvery }, hardware: rtx3090, gradientAccumulation: 1 }, 4, 1000)
      .failures;
  expect(failures({ seconds: 90 })).toMatchObject({ secondsBetween: 1000, repeatedSeconds: 45, repeatedSteps: 0 });
  expect(failures({ steps: 50 })).toMatchObject({ secondsBetween: 1000, repeatedSeconds: 0, repeatedSteps: 25 });
});

test("checkpoints that come every so many steps make each of them longer, those by the clock do not", () => {
  const costs = (faultTolerantCheckpointEvery: { seconds: number } | { steps: number }) =>
    trainingCosts({ model: { ...gptS, faultTolerantCheckpointEvery }, hardware: rtx3090, gradientAccumulation: 1 }, 4, 1000);
  // The testbed's 10 s, and 14 bytes a parameter at 0.45 GB/s.
  const pause = 10 + (14 * modelSize(gptS).total) / 0.45e9;
  const { failures, samplesPerStep } = costs({ steps: 50 });
  expect(failures!.savingSecondsPerStep).toBeCloseTo(pause / 50, 9);
  expect(costs({ seconds: 90 }).failures).not.toHaveProperty("savingSecondsPerStep");
  // Every failure is survived: goodput is the rate, less the reconfiguration's part of the time.
  const useful = goodput(1, { count: 4, probability: 0.1 }, 2, { samplesPerStep, failures: failures! });
  expect(useful).toBeCloseTo((samplesPerStep / (2 + pause / 50)) * (1000 / (1000 + rtx3090.recovery.reconfigureSeconds)), 9);
});
