import fc from "fast-check";
import { expect, test } from "vitest";
import { planBalance } from "../../src/core/balance/planBalance.ts";
import { LoadDrift } from "../../src/core/forecast/loadDrift.ts";
import { rankCorrelation } from "../../src/core/forecast/rankCorrelation.ts";
import { uniformCluster } from "../../src/core/layout/cluster.ts";
import { makePlacement } from "../../src/core/placement/makePlacement.ts";
import type { Policy } from "../../src/core/placement/policy.ts";
import { loadDriftDocument } from "../../src/formats/documents/loadDrift.ts";
import { driftTable } from "../../src/report/driftTable.ts";
import { paint } from "../../src/report/paint.ts";
import { inProcess, inProcessPipe } from "../support/inProcess.ts";

function driftOf(rows: readonly (readonly number[])[], every?: number) {
  const drift = new LoadDrift(every);
  rows.forEach((row, i) => {
    drift.add({ iteration: 1 + 10 * i, experts: row.length, ranks: 0, layers: [{ layer: 3, loads: Float64Array.from(row) }] });
  });
  return drift.figures();
}

const series = fc.array(fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 4, maxLength: 4 }), {
  minLength: 4,
  maxLength: 12,
});

test("rank correlation is Spearman's formula without ties, and shares ranks with them", () => {
  fc.assert(
    fc.property(
      fc.shuffledSubarray([1, 2, 3, 4, 5, 6, 7], { minLength: 7 }),
      fc.shuffledSubarray([1, 2, 3, 4, 5, 6, 7], { minLength: 7 }),
      (a, b) => {
        const squares = a.reduce((sum, x, i) => sum + (x - b[i]!) ** 2, 0);
        expect(rankCorrelation(a, b)).toBeCloseTo(1 - (6 * squares) / (7 * 48), 12);
      },
    ),
  );
  expect(rankCorrelation([1, 2, 2, 4], [1, 3, 2, 4])).toBeCloseTo(4.5 / Math.sqrt(4.5 * 5), 12);
  expect(rankCorrelation([2, 2], [5, 5])).toBe(1);
  expect(rankCorrelation([2, 2], [5, 6])).toBe(0);
  expect(() => rankCorrelation([1], [1, 2])).toThrow(RangeError);
});

test("a log that stays the same does not drift", () => {
  const { layers } = driftOf(Array.from({ length: 8 }, () => [40, 30, 20, 10]));
  expect(layers[0]).toMatchObject({ layer: 3, distance: { mean: 0, max: 0 } });
  expect(layers[0]!.rankCorrelation.min).toBeCloseTo(1, 12);
  expect(layers[0]!.halfLife).toBeUndefined();
});

test("distances and half-lives are what plans and windows say, looked at one by one", () => {
  const policy: Policy = {
    placement: "eplb",
    allocation: "lazarus",
    minReplicas: 1,
    seed: 0,
    failureProbability: 0.1,
    groups: 1,
  };
  const cluster = uniformCluster(2, 4);
  fc.assert(
    fc.property(series, (rows) => {
      const { layers, ranks, slotsARank, spacing, windows } = driftOf(rows, 1);
      expect({ ranks, slotsARank, spacing, windows }).toEqual({ ranks: 2, slotsARank: 4, spacing: 10, windows: rows.length });
      const sharesOf = (row: readonly number[]) => row.map((load) => load / row.reduce((a, b) => a + b));
      const distances = rows.slice(1).map((row, w) => {
        const before = sharesOf(rows[w]!);
        return sharesOf(row).reduce((sum, share, e) => sum + Math.abs(share - before[e]!), 0);
      });
      expect(layers[0]!.distance.max).toBeCloseTo(Math.max(...distances), 12);
      expect(layers[0]!.distance.mean).toBeCloseTo(distances.reduce((a, b) => a + b) / distances.length, 12);
      const balanceAt = (lag: number) => {
        const figures = rows.slice(0, rows.length - lag).map((row, w) => {
          const [layer] = makePlacement(cluster, [{ layer: 0, loads: row }], policy).layers;
          return planBalance(cluster, [{ ...layer!, loads: rows[w + lag]! }]).even;
        });
        return figures.reduce((a, b) => a + b) / figures.length;
      };
      const lags = Math.floor(rows.length / 2);
      const [fresh, old] = [balanceAt(0), balanceAt(lags)];
      expect(layers[0]!.balance.fresh).toBeCloseTo(fresh, 9);
      expect(layers[0]!.balance.old).toBeCloseTo(old, 9);
      const { halfLife } = layers[0]!;
      if (halfLife === undefined) {
        expect(fresh).toBeGreaterThan(old - 1e-9);
        return;
      }
      const before = Math.min(Math.floor(halfLife / 10 - 1e-9), lags - 1);
      const part = halfLife / 10 - before;
      expect((1 - part) * balanceAt(before) + part * balanceAt(before + 1)).toBeCloseTo((fresh + old) / 2, 6);
      for (let lag = 1; lag <= before; lag++) expect(balanceAt(lag)).toBeLessThan((fresh + old) / 2 + 1e-9);
    }),
    { numRuns: 40 },
  );
});

test("without a length windows grow with the log, as if it had been given", () => {
  const rows = Array.from({ length: 300 }, (_, i) => [10 + (i % 13), 20 + i, 5, 100]);
  const { every, windows, ...rest } = driftOf(rows);
  expect({ every, windows }).toEqual({ every: 4, windows: 75 });
  expect({ every, windows, ...rest }).toEqual(driftOf(rows, 4));
});

test("refuses what has no windows", () => {
  expect(() => driftOf([[1, 2]])).toThrow(/there is one, of 1 iterations/);
  expect(() => new LoadDrift(0)).toThrow(RangeError);
  expect(() =>
    driftOf(
      Array.from({ length: 2050 }, () => [1, 2]),
      1,
    ),
  ).toThrow(/take a larger --every/);
});

test("the table shades when each layer changed, by the logarithm of the distance", () => {
  const even = [50, 50];
  const { layers, ...rest } = driftOf([even, [51, 49], [60, 40], [60, 40], [100, 0]], 1);
  expect(layers[0]!.distances.map((distance) => distance.toFixed(3))).toEqual(["0.020", "0.180", "0.000", "0.800"]);
  const lines = driftTable(loadDriftDocument({ ...rest, layers }), paint(false), 80).split("\n");
  const head = lines.findIndex((line) => line.startsWith("layer  L1 over the iterations, log scale: 0.020 (blank) to 0.800"));
  expect(lines.slice(head + 1)).toEqual(["    3 | ▒ █|", "       1 41"]);
  const still = driftOf([even, even, even], 1);
  expect(driftTable(loadDriftDocument(still), paint(false), 80)).not.toContain("over the iterations");
  const long = driftOf(
    Array.from({ length: 200 }, (_, i) => [100 + i, 100]),
    1,
  );
  const row = driftTable(loadDriftDocument(long), paint(false), 80)
    .split("\n")
    .find((line) => line.includes("|"))!;
  expect(row).toMatch(/^ {4}3 \|[ ░▒▓█]{60}\|$/);
});

test("profile-load --drift writes a document, rows or a table; other commands call it by name", async () => {
  const asked = "profile-load fixtures/routing.csv --drift --every 5";
  const { stdout } = await inProcessPipe(asked);
  const document = JSON.parse(stdout);
  expect(document).toMatchObject({ type: "load-drift", windows: 4, every: 5, plans: { ranks: 8, slotsARank: 4 } });
  const csv = (await inProcessPipe(`${asked} --format csv --layers 1,2`)).stdout.trim().split("\n");
  expect(csv).toHaveLength(3);
  expect(csv[1]!.split(",").slice(0, 5)).toEqual(["1", "20", "5", "1", String(document.layers[1].distance.mean)]);
  const table = (await inProcessPipe(`${asked} --format table`)).stdout;
  expect(table).toContain("4 windows of 5 recorded, 5 iterations apart");
  for (const line of table.split("\n")) expect(line.length).toBeLessThanOrEqual(88);
  expect((await inProcess(["place", "-n", "4", "-c", "8"], stdout)).stderr).toMatch(/this is a load-drift/);
  expect((await inProcess(["place", "-n", "4", "-c", "8"], `${csv.join("\n")}\n`)).stderr).toMatch(/this is a load-drift/);
});

test.each([
  ["--method ema", "leave out --method"],
  ["--forecast auto --horizon 3", "leave out --forecast"],
  ["--format sglang", "leave out --format sglang"],
  ["--window last:5", "--window FROM:TO"],
  ["--layers 9", "no layer 9; the log holds 0, 1, 2, 3"],
  ["--every 20", "take a smaller --every"],
])("--drift refuses %s", async (options, message) => {
  const { code, stderr, stdout } = await inProcess(["profile-load", "fixtures/routing.csv", "--drift", ...options.split(" ")]);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toContain(message);
});
