import type { Policy } from "../../src/core/placement/policy.ts";

/** A quick search by the default policy. */
export const quickPolicy: Policy = {
  placement: "resilient",
  allocation: "lazarus",
  minReplicas: 2,
  seed: 0,
  failureProbability: 0.1,
  effort: "fast",
};
