/** A repair that spends evenness on survival is not taken where one that lets the others be is nearly as safe. */
import { expect, test } from "vitest";
import { inProcess } from "../support/inProcess.ts";
import { root } from "../support/lazarus.ts";

test.each(["free", "even"])(
  "one dead node of ten moves hardly more than it held, and the busiest GPU stays within the limit: %s shares",
  async (shares) => {
    const profile = await inProcess(["profile-load", `${root}fixtures/routing.csv`, "--window", "last:5"]);
    const plan = await inProcess(["place", "-n", "10", "-c", "6", "--shares", shares], profile.stdout);
    for (const node of ["node0", "node3"]) {
      const recover = ["recover", "--failed", node, "--model", "gpt-l", "--prefer", "repair"];
      const { repair } = JSON.parse((await inProcess(recover, plan.stdout)).stdout);
      // It held 24 replicas.
      expect(repair.repair.moves).toBeLessThanOrEqual(24);
      expect(repair.repair.balance).toBeLessThanOrEqual(1.025);
      expect(repair.repair.survival).toBeGreaterThan(0.96);
    }
  },
);
