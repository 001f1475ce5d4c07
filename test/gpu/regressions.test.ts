import { describe, expect, test } from "vitest";
import { comparedBy, regressions, secondLooks } from "../../src/gpu/regressions.ts";
import { ratio, timePairs } from "../../src/gpu/timing.ts";

/** @param varies half the interval over the speedup */
const result = (cpuSpeedup: number, varies = 0) => ({
  kernel: "layer",
  size: "tokens=1",
  speedup: 1,
  speedupLow: 0.1,
  speedupHigh: 10,
  cpuSpeedup,
  cpuSpeedupLow: cpuSpeedup * (1 - varies),
  cpuSpeedupHigh: cpuSpeedup * (1 + varies),
});

describe("regressions", () => {
  test.each([
    ["as fast as before", 2, 0, false],
    ["faster", 3, 0, false],
    ["slower, but within what is allowed", 1.81, 0, false],
    ["slower than is allowed", 1.79, 0, true],
    ["slower than is allowed, but the runs vary as much", 1.7, 0.06, false],
    ["slower than variation explains", 1.6, 0.06, true],
    ["slower than any variation excuses", 1.6, 0.5, true],
  ])("%s", (_, speedup, varies, slower) => {
    expect(regressions([result(speedup, varies)], [result(2, varies)], 0.1, "cpuSpeedup")).toHaveLength(slower ? 1 : 0);
  });

  test("compare only what has the same kernel and size", () => {
    expect(
      regressions(
        [result(0.1)],
        [
          { ...result(2), size: "tokens=2" },
          { ...result(2), kernel: "router" },
        ],
        0,
        "cpuSpeedup",
      ),
    ).toEqual([]);
  });

  test("say what would have passed", () => {
    expect(regressions([result(1)], [result(2)], 0.25, "cpuSpeedup")).toEqual([
      { kernel: "layer", size: "tokens=1", before: 2, now: 1, least: 1.5 },
    ]);
  });

  test("of a real GPU are judged by the clock, all others by processor time", () => {
    expect(comparedBy({ backend: "webgpu", software: false })).toBe("speedup");
    expect(comparedBy({ backend: "webgpu", software: true })).toBe("cpuSpeedup");
    expect(comparedBy({ backend: "webasm", software: false })).toBe("cpuSpeedup");
    expect(regressions([{ ...result(1), speedup: 0.5 }], [result(1)], 0.1, "speedup")).toHaveLength(1);
    expect(regressions([{ ...result(1), speedup: 0.5 }], [result(1)], 0.1, "cpuSpeedup")).toHaveLength(0);
  });
});

describe("second looks", () => {
  const looks = async (...again: number[]) => {
    const measured: string[] = [];
    const measure = async ({ size }: { size: string }) => {
      measured.push(size);
      return result(again[measured.length - 1]!);
    };
    const [best] = await secondLooks([result(1)], [result(2)], 0.1, "cpuSpeedup", measure);
    return { measured: measured.length, best: best!.cpuSpeedup };
  };

  test("are at the size that is slow", async () => {
    const sizes = ["small", "large"].map((size) => ({ ...result(1), size }));
    const before = [sizes[0]!, { ...result(2), size: "large" }];
    const measure = async ({ size }: { size: string }) => ({ ...result(2), size });
    const looked = await secondLooks(sizes, before, 0.1, "cpuSpeedup", measure);
    expect(looked.map(({ size, cpuSpeedup }) => [size, cpuSpeedup])).toEqual([
      ["small", 1],
      ["large", 2],
    ]);
  });

  test("end where a suspect is cleared", async () => expect(await looks(1.9)).toEqual({ measured: 1, best: 1.9 }));
  test("are two, and the best counts", async () => {
    expect(await looks(1.5, 1.2)).toEqual({ measured: 2, best: 1.5 });
    expect(await looks(0.5, 2)).toEqual({ measured: 2, best: 2 });
  });
});

test("pairs tell which share of their time has passed", async () => {
  const shares: number[] = [];
  const slow = () => new Promise((resolve) => setTimeout(resolve, 10));
  await timePairs(slow, slow, 40, (share) => shares.push(share));
  expect(shares[0]).toBe(0);
  expect(shares.length).toBeGreaterThanOrEqual(40);
  expect(shares.every((share, i) => share < 1 && share >= (shares[i - 1] ?? 0))).toBe(true);
  expect(shares.at(-1)).toBeGreaterThan(0.9);
});

describe("the ratio of pairs", () => {
  test("is the median of ratios, not the ratio of medians", () => {
    expect(ratio([2, 40, 6], [1, 10, 3])).toEqual({ median: 2, low: 2, high: 4 });
  });

  test("has an interval that narrows with the pairs, and leaves outliers outside", () => {
    const ones = Array.from({ length: 100 }, () => 1);
    const values = Array.from({ length: 100 }, (_, i) => (i < 30 ? 1000 : 1 + i / 1e4));
    const { median, low, high } = ratio(values, ones);
    expect(median).toBeLessThan(1.01);
    expect(low).toBeLessThan(median);
    expect(high).toBeLessThan(1.01);
    expect(ratio([1, 2, 3], [1, 1, 1])).toEqual({ median: 2, low: 1, high: 3 });
  });
});
