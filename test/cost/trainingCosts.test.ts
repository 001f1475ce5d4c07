import { expect, test } from "vitest";
import { trainingCosts } from "../../src/core/cost/trainingCosts.ts";
import { gptS, rtx3090 } from "../support/simulation.ts";

test("a restart repeats half the checkpoint interval on average, in the interval's own unit", () => {
  const failures = (faultTolerantCheckpointEvery: { seconds: number } | { steps: number }) =>
    trainingCosts({ model: { ...gptS, faultTolerantCheckpointEvery }, hardware: rtx3090, gradientAccumulation: 1 }, 4, 1000)
      .failures;
  expect(failures({ seconds: 90 })).toMatchObject({ secondsBetween: 1000, repeatedSeconds: 45, repeatedSteps: 0 });
  expect(failures({ steps: 50 })).toMatchObject({ secondsBetween: 1000, repeatedSeconds: 0, repeatedSteps: 25 });
});
