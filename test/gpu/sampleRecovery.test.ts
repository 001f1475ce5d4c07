import { describe, expect, test } from "vitest";
import { recoveryProbabilities } from "../../src/core/recovery/recoveryProbabilities.ts";
import { BackendUnavailable } from "../../src/gpu/backendUnavailable.ts";
import { drawnHostSets } from "../../src/gpu/benchKernels.ts";
import { WrongResult } from "../../src/gpu/checkResult.ts";
import type { DeviceArray } from "../../src/gpu/device.ts";
import { sampleRecovery } from "../../src/gpu/sampleRecovery.ts";
import { onBackend } from "../support/backends.ts";

const plain = { device: undefined };

describe("recovery probability by Monte Carlo", () => {
  const nodes = 12;
  const hostSets = drawnHostSets(10, 3, nodes, 1);

  test("has intervals that hold the exact probability, at the rate they promise", async () => {
    const exact = recoveryProbabilities(hostSets, nodes);
    expect(exact.method).not.toBe("sampling");
    let held = 0;
    let asked = 0;
    for (let seed = 0; seed < 25; seed++) {
      const sampled = await sampleRecovery(plain, hostSets, nodes, { samples: 400, seed });
      expect(sampled).toMatchObject({ method: "sampling", samples: 400, tolerates: exact.tolerates });
      expect(sampled.failures.map(({ failed }) => failed)).toEqual(exact.failures.map(({ failed }) => failed));
      for (const [i, { probability, interval }] of sampled.failures.entries()) {
        const truth = exact.failures[i]!.probability;
        if (interval === undefined) expect(probability).toBe(truth);
        else {
          asked++;
          if (interval[0] <= truth && truth <= interval[1]) held++;
        }
      }
    }
    // 95 % of 25 seeds' intervals, less four standard deviations of the seeds, whose intervals go together.
    expect(held / asked).toBeGreaterThan(0.95 - 4 * Math.sqrt((0.95 * 0.05) / 25));
  });

  test("gives the same numbers on every backend, in one batch or many", async () => {
    const wide = drawnHostSets(12, 4, 50, 2);
    const samples = 2_000;
    const expected = await sampleRecovery(plain, wide, 50, { samples, seed: 7 });
    expect(expected.failures.some(({ probability }) => probability > 0 && probability < 1)).toBe(true);
    for (const name of ["cpu", "webasm"] as const) {
      expect(await onBackend(name, (backend) => sampleRecovery(backend, wide, 50, { samples, seed: 7 }))).toEqual(expected);
    }
    expect(await sampleRecovery(plain, wide, 50, { samples, seed: 8 })).not.toEqual(expected);
  }, 60_000);

  test("takes no number from a backend that miscounts", async () => {
    await onBackend("cpu", async ({ device }) => {
      const read = async (array: DeviceArray) => (await device!.read(array)).map((count) => count + 1);
      const miscounting = { device: { ...device!, read } };
      await expect(sampleRecovery(miscounting, hostSets, nodes, { samples: 10, seed: 0 })).rejects.toThrow(WrongResult);
      const failing = { device: { ...device!, read: () => Promise.reject(new Error("out of memory")) } };
      await expect(sampleRecovery(failing, hostSets, nodes, { samples: 10, seed: 0 })).rejects.toThrow(BackendUnavailable);
    });
  });

  test("knows what is certain", async () => {
    expect((await sampleRecovery(plain, [[0, 1, 2]], 3, { samples: 10, seed: 0 })).failures).toEqual([
      { failed: 1, probability: 1 },
      { failed: 2, probability: 1 },
      { failed: 3, probability: 0 },
    ]);
    expect(
      (await sampleRecovery(plain, [[], [1]], 2, { samples: 10, seed: 0 })).failures.map(({ probability }) => probability),
    ).toEqual([0, 0]);
    expect((await sampleRecovery(plain, [], 2, { samples: 10, seed: 0 })).failures.map(({ probability }) => probability)).toEqual(
      [1, 1],
    );
    await expect(sampleRecovery(plain, [[0]], 1, { samples: 0, seed: 0 })).rejects.toThrow(RangeError);
    await expect(sampleRecovery(plain, [[5]], 2, { samples: 1, seed: 0 })).rejects.toThrow(RangeError);
  });
});
