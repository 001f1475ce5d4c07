import { expect, test } from "vitest";
import { inProcess } from "../support/inProcess.ts";

test("rounds take what an expert's bytes take on the wire, one after the other", async () => {
  const { stdout: placement } = await inProcess(
    ["place", "-n", "5", "-c", "3", "--placement", "mro"],
    "[[9,7,5,3,2,1],[1,2,3,5,7,9]]",
  );
  const words = ["recover", "--failed", "node1", "--expert-bytes", "3GB", "--bandwidth", "2GBps", "--format", "json"];
  const { transfers, time } = JSON.parse((await inProcess(words, placement)).stdout);
  const rounds = 1 + Math.max(...transfers.map(({ round }: { round: number }) => round));
  expect(rounds).toBeGreaterThan(1);
  expect(time.transferSeconds).toBeCloseTo(rounds * 1.5, 9);
  expect(time.lowerBoundSeconds).toBeLessThanOrEqual(time.transferSeconds);
});
