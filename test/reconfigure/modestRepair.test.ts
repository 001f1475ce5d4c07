/** A repair that spends evenness on survival is not taken where one that lets the others be is nearly as safe. */
import { expect, test } from "vitest";
import { inProcess } from "../support/inProcess.ts";
import { root } from "../support/lazarus.ts";

test.each([
  ["free", 24, 1.02],
  ["even", 36, 1.035],
])(
  "one dead node of ten, which held 24 replicas, under %s shares: at most %i moves, and %f of the mean",
  async (shares, moves, balance) => {
    const profile = await inProcess(["profile-load", `${root}fixtures/routing.csv`, "--window", "last:5"]);
    const plan = await inProcess(["place", "-n", "10", "-c", "6", "--shares", shares], profile.stdout);
    for (const node of ["node0", "node3"]) {
      const recover = ["recover", "--failed", node, "--model", "gpt-l", "--prefer", "repair"];
      const { repair } = JSON.parse((await inProcess(recover, plan.stdout)).stdout);
      expect(repair.repair.moves).toBeLessThanOrEqual(moves);
      expect(repair.repair.balance).toBeLessThanOrEqual(balance);
      expect(repair.repair.survival).toBeGreaterThan(0.96);
    }
  },
);
