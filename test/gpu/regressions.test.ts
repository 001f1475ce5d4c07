import { describe, expect, test } from "vitest";
import { regressions } from "../../src/gpu/regressions.ts";

const result = (speedup: number, spread = 0) => ({ kernel: "layer", size: "tokens=1", speedup, spread, plainSpread: 0 });

describe("regressions", () => {
  test.each([
    ["as fast as before", 2, 0, false],
    ["faster", 3, 0, false],
    ["slower, but within what is allowed", 1.81, 0, false],
    ["slower than is allowed", 1.79, 0, true],
    ["slower than is allowed, but the runs vary as much", 1.7, 0.2, false],
    ["slower than variation explains", 1.2, 0.2, true],
  ])("%s", (_, speedup, spread, slower) => {
    expect(regressions([result(speedup, spread)], [result(2, spread)], 0.1)).toHaveLength(slower ? 1 : 0);
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
      ),
    ).toEqual([]);
  });

  test("say what would have passed", () => {
    expect(regressions([result(1)], [result(2)], 0.25)).toEqual([
      { kernel: "layer", size: "tokens=1", before: 2, now: 1, least: 1.5 },
    ]);
  });
});
