import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { lazarusAllocation } from "../../src/core/placement/allocation.ts";
import type { LoadProfile } from "../../src/core/profile/loadProfile.ts";
import { LoadProfiler, type LoadProfilerOptions } from "../../src/core/profile/loadProfiler.ts";
import type { RoutingStep } from "../../src/core/profile/routingStep.ts";
import { selectLayers } from "../../src/core/profile/selectLayers.ts";
import { topExperts } from "../../src/core/profile/topExperts.ts";
import { WindowError } from "../../src/core/profile/windowError.ts";
import type { WindowMethod } from "../../src/core/profile/windowLoads.ts";
import { readRoutingSteps } from "../../src/formats/routing/readRoutingSteps.ts";
import { haveSharedData, sharedData, withoutSharedData } from "../support/lazarus.ts";

/** A step whose layers hold tokens[layer][rank][expert]. */
function step(iteration: number, tokens: Record<number, number[][]>): RoutingStep {
  const tables = Object.entries(tokens);
  const [ranks, experts] = [tables[0]![1].length, tables[0]![1][0]!.length];
  return {
    iteration,
    experts,
    ranks,
    layers: tables.map(([layer, table]) => ({
      layer: Number(layer),
      loads: Float64Array.from(table[0]!, (_, e) => table.reduce((sum, row) => sum + row[e]!, 0)),
      byRank: Float64Array.from(table.flat()),
    })),
  };
}

const withoutRanks = (full: RoutingStep): RoutingStep => ({
  ...full,
  ranks: 0,
  layers: full.layers.map(({ layer, loads }) => ({ layer, loads })),
});

function profiles(steps: readonly RoutingStep[], options: Partial<LoadProfilerOptions> = {}): LoadProfile[] {
  const profiler = new LoadProfiler({ window: { kind: "all" }, method: { kind: "mean" }, ...options });
  const found: LoadProfile[] = [];
  for (const one of steps) {
    const profile = profiler.add(one);
    for (const { loads, byRank } of one.layers) {
      // A reader may use a step's arrays again.
      loads.fill(-1);
      byRank?.fill(-1);
    }
    if (profile !== undefined) found.push(profile);
  }
  return [...found, ...profiler.finish()];
}

/** Steps 10, 20, ... of one layer with two experts, all tokens from one rank. */
const series = (...loads: [number, number][]) => loads.map((load, i) => step(10 * (i + 1), { 3: [load] }));
const loadsOf = (found: LoadProfile[]) => found.map(({ layers }) => layers[0]!.loads);

describe("windows", () => {
  const five = () => series([1, 0], [2, 0], [3, 0], [4, 0], [6, 1]);

  test("all iterations", () => {
    const [profile] = profiles(five(), { method: { kind: "sum" } });
    expect(profile).toEqual({
      experts: 2,
      window: { from: 10, to: 50, iterations: 5, method: "sum" },
      layers: [{ layer: 3, loads: [16, 1], byRank: [[16, 1]] }],
    });
  });

  test("a range is inclusive and need not end at recorded iterations", () => {
    const [profile] = profiles(five(), { window: { kind: "range", from: 20, to: 45 }, method: { kind: "sum" } });
    expect(profile!.window).toEqual({ from: 20, to: 40, iterations: 3, method: "sum" });
    expect(profile!.layers[0]!.loads).toEqual([9, 0]);
  });

  test("the last K recorded iterations, or as many as there are", () => {
    for (const [iterations, loads] of [
      [1, 6],
      [2, 10],
      [3, 13],
      [5, 16],
      [99, 16],
    ] as const) {
      const [profile] = profiles(five(), { window: { kind: "last", iterations }, method: { kind: "sum" } });
      expect(profile!.window).toMatchObject({ to: 50, iterations: Math.min(5, iterations) });
      expect(profile!.layers[0]!.loads).toEqual([loads, 1]);
    }
  });

  test("every K recorded iterations; the last window may be shorter", () => {
    const found = profiles(five(), { every: 2, method: { kind: "sum" } });
    expect(found.map(({ window }) => [window.from, window.to, window.iterations])).toEqual([
      [10, 20, 2],
      [30, 40, 2],
      [50, 50, 1],
    ]);
    expect(loadsOf(found)).toEqual([
      [3, 0],
      [7, 0],
      [6, 1],
    ]);
  });

  test("every K of the last ones, and of a range", () => {
    const sum = { method: { kind: "sum" } } as const;
    expect(loadsOf(profiles(five(), { ...sum, window: { kind: "last", iterations: 3 }, every: 2 }))).toEqual([
      [7, 0],
      [6, 1],
    ]);
    expect(loadsOf(profiles(five(), { ...sum, window: { kind: "range", from: 10, to: 40 }, every: 2 }))).toEqual([
      [3, 0],
      [7, 0],
    ]);
  });

  test("a window without recorded iterations is an error that says where there are some", () => {
    expect(() => profiles(five(), { window: { kind: "range", from: 51, to: 60 } })).toThrow(/iterations 10 to 50/);
    expect(() => profiles([])).toThrow(WindowError);
    expect(() => profiles([])).toThrow("the log holds no iterations");
    expect(() => profiles([], { window: { kind: "range", from: 1, to: 2 } })).toThrow("the log holds no iterations");
    expect(() => profiles(series([1, 0], [2, 0]), { window: { kind: "range", from: 31, to: 32 } })).toThrow(
      "no recorded iteration from 31 to 32; the log holds iterations 10 to 20",
    );
  });

  test("a layer missing from some iterations is an error that names both", () => {
    const missingLater = [step(1, { 0: [[1]], 1: [[1]] }), step(2, { 0: [[1]] })];
    expect(() => profiles(missingLater)).toThrow("layer 1 is missing from iteration 2 but recorded in iteration 1");
    const missingFirst = [step(1, { 0: [[1]] }), step(2, { 0: [[1]], 1: [[1]] })];
    expect(() => profiles(missingFirst)).toThrow("layer 1 is missing from iteration 1 but recorded in iteration 2");
    const swapped = [step(1, { 0: [[1]] }), step(2, { 1: [[1]] })];
    expect(() => profiles(swapped)).toThrow(WindowError);
    expect(profiles(missingFirst.map(withoutRanks).slice(1))).toHaveLength(1);
  });

  test("iterations must rise", () => {
    expect(() => profiles([step(2, { 0: [[1]] }), step(2, { 0: [[1]] })])).toThrow("iteration 2 comes after iteration 2");
  });

  test.each([
    { window: { kind: "last", iterations: 0 } },
    { window: { kind: "range", from: 5, to: 4 } },
    { every: 0 },
    { every: 1.5 },
    { method: { kind: "ema", alpha: 0 } },
    { method: { kind: "ema", alpha: 1.1 } },
    { method: { kind: "ema", alpha: Number.NaN } },
  ] as Partial<LoadProfilerOptions>[])("refuses %j", (options) => {
    expect(() => profiles(five(), options)).toThrow(RangeError);
  });
});

describe("methods", () => {
  test("mean rounds each layer's total and shares it by largest remainder", () => {
    expect(loadsOf(profiles(series([1, 0], [0, 1], [1, 2])))).toEqual([[1, 1]]);
    expect(loadsOf(profiles(series([1, 0], [0, 0])))).toEqual([[1, 0]]);
    expect(loadsOf(profiles(series([1, 0], [0, 0], [0, 0])))).toEqual([[0, 0]]);
  });

  test("ema starts with the first iteration", () => {
    const found = profiles(series([100, 0], [200, 0], [400, 80]), { method: { kind: "ema", alpha: 0.25 } });
    // 100 -> 125 -> 193.75 and 0 -> 0 -> 20
    expect(found[0]!.layers[0]!.loads).toEqual([194, 20]);
    expect(found[0]!.window).toEqual({ from: 10, to: 30, iterations: 3, method: "ema", alpha: 0.25 });
  });

  test("last is the newest iteration alone", () => {
    expect(loadsOf(profiles(series([5, 5], [7, 0]), { method: { kind: "last" } }))).toEqual([[7, 0]]);
  });

  test("experts and ranks that turn up late had no tokens before", () => {
    const steps = [
      step(1, { 0: [[4]] }),
      step(2, {
        0: [
          [2, 8],
          [0, 6],
        ],
      }),
      step(3, { 0: [[3]] }),
    ];
    const [profile] = profiles(steps, { method: { kind: "sum" } });
    expect(profile).toMatchObject({
      experts: 2,
      layers: [
        {
          loads: [9, 14],
          byRank: [
            [9, 8],
            [0, 6],
          ],
        },
      ],
    });
    const late = () => [step(1, { 0: [[4]] }), step(2, { 0: [[2, 8]] }), step(3, { 0: [[3]] })];
    expect(loadsOf(profiles(late(), { method: { kind: "last" } }))).toEqual([[3, 0]]);
    expect(loadsOf(profiles(late(), { method: { kind: "ema", alpha: 0.5 } }))).toEqual([[3, 2]]);
  });

  test("sums of 2^53 and more are refused, by layer", () => {
    const most = Number.MAX_SAFE_INTEGER;
    expect(loadsOf(profiles(series([most - 5, 0], [0, 5]), { method: { kind: "sum" } }))).toEqual([[most - 5, 5]]);
    expect(() => profiles(series([most - 5, 0], [0, 6]))).toThrow(/layer 3 has 2\^53 tokens or more in the iterations 10 to 20/);
  });

  const method: fc.Arbitrary<WindowMethod> = fc.oneof(
    fc.constantFrom<WindowMethod>({ kind: "mean" }, { kind: "sum" }, { kind: "last" }),
    fc.double({ min: 0.01, max: 1, noNaN: true }).map((alpha): WindowMethod => ({ kind: "ema", alpha })),
  );
  const tables = fc
    .tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 5 }), fc.constantFrom(3, 1000, 2 ** 40))
    .chain(([ranks, experts, most]) => {
      const row = fc.array(fc.nat(most), { minLength: experts, maxLength: experts });
      return fc.array(fc.array(row, { minLength: ranks, maxLength: ranks }), { minLength: 1, maxLength: 6 });
    });

  test("loads are within one token of the true figure, ranks sum to loads, and loads do not depend on ranks", () => {
    fc.assert(
      fc.property(tables, method, (history, method) => {
        const steps = () => history.map((table, i) => step(i, { 0: table }));
        const [profile] = profiles(steps(), { method });
        const { loads, byRank } = profile!.layers[0]!;
        expect(profiles(steps().map(withoutRanks), { method })[0]!.layers[0]!.loads).toEqual(loads);
        loads.forEach((load, e) => {
          expect(byRank!.reduce((sum, row) => sum + row[e]!, 0)).toBe(load);
        });

        const exact = (pick: (table: number[][]) => number): number => {
          const counts = history.map(pick);
          if (method.kind === "last") return counts.at(-1)!;
          if (method.kind === "ema")
            return counts.reduce((average, count) => method.alpha * count + (1 - method.alpha) * average);
          return counts.reduce((a, b) => a + b) / (method.kind === "mean" ? counts.length : 1);
        };
        const sum = (numbers: number[]) => numbers.reduce((a, b) => a + b, 0);
        const total = exact((table) => sum(table.flat()));
        const near = (found: number, true_: number, slack: number) =>
          expect(Math.abs(found - true_)).toBeLessThanOrEqual(slack + true_ * 1e-12);
        near(sum([...loads]), total, 0.5);
        // A rounded total moves every quota by at most half a token, its share of the change.
        loads.forEach((load, e) => {
          near(
            load,
            exact((table) => sum(table.map((row) => row[e]!))),
            1.5,
          );
          byRank!.forEach((row, rank) => {
            near(
              row[e]!,
              exact((table) => table[rank]![e]!),
              2.5,
            );
          });
        });
      }),
      { numRuns: 500 },
    );
  });
});

describe("smaller profiles", () => {
  const profile: LoadProfile = {
    experts: 4,
    window: { from: 0, to: 0, iterations: 1, method: "mean" },
    layers: [
      {
        layer: 0,
        loads: [5, 9, 5, 1],
        byRank: [
          [5, 4, 2, 1],
          [0, 5, 3, 0],
        ],
      },
      { layer: 7, loads: [0, 0, 1, 2] },
    ],
  };

  test("the most loaded experts, ties to the lower id, in id order", () => {
    expect(topExperts(profile, 2)).toEqual({
      ...profile,
      experts: 2,
      layers: [
        {
          layer: 0,
          loads: [5, 9],
          byRank: [
            [5, 4],
            [0, 5],
          ],
        },
        { layer: 7, loads: [1, 2] },
      ],
    });
    expect(topExperts(profile, 1).layers.map(({ loads }) => loads)).toEqual([[9], [2]]);
    expect(topExperts(profile, 4)).toEqual(profile);
    // Of equals, those with the lower ids.
    const level = { ...profile, layers: [{ layer: 0, loads: [1, 7, 1, 1], byRank: [[0, 1, 2, 3]] }] };
    expect(topExperts(level, 3).layers[0]!.byRank).toEqual([[0, 1, 2]]);
  });

  test.each([0, 5, 1.5])("there is no top %d of 4 experts", (count) => {
    expect(() => topExperts(profile, count)).toThrow(RangeError);
  });

  test("some layers", () => {
    expect(selectLayers(profile, [7, 0, 7])).toEqual(profile);
    expect(selectLayers(profile, [7]).layers).toEqual([profile.layers[1]]);
    expect(() => selectLayers(profile, [0, 1])).toThrow("no layer 1; the profile holds 0, 7");
    expect(() => selectLayers(profile, [])).toThrow(RangeError);
  });
});

test.skipIf(!haveSharedData)(`the paper's replicas at iteration 201 (skipped when ${withoutSharedData})`, async () => {
  const profiler = new LoadProfiler({ window: { kind: "range", from: 201, to: 201 }, method: { kind: "mean" } });
  async function* log() {
    yield gunzipSync(readFileSync(`${sharedData}/smartmoe/layer_loads.csv.gz`));
  }
  for await (const one of readRoutingSteps(log(), { file: "layer_loads.csv" })) profiler.add(one);
  const [profile] = profiler.finish();
  const { replicas } = lazarusAllocation(topExperts(profile!, 16).layers[0]!.loads, 60, 2);
  expect([...replicas].sort((a, b) => a - b)).toEqual([...new Array(11).fill(2), 3, 3, 7, 9, 16]);
});
