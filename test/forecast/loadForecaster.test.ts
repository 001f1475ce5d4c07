import fc from "fast-check";
import { expect, test } from "vitest";
import { ENSEMBLE, FORECASTERS } from "../../src/core/forecast/forecasters.ts";
import { LoadForecaster } from "../../src/core/forecast/loadForecaster.ts";
import { FORECAST_METHODS, type ForecastMethod } from "../../src/core/profile/loadForecast.ts";
import { selectLayers } from "../../src/core/profile/selectLayers.ts";
import { topExperts } from "../../src/core/profile/topExperts.ts";

/** So many tokens that whole numbers are as good as shares. */
const MANY = 2 ** 40;

const weights = fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 3, maxLength: 3 }).filter((all) => all.some((w) => w > 0));
const series = fc.array(weights, { minLength: 3, maxLength: 40 });

function shares(row: readonly number[]): number[] {
  const sum = row.reduce((a, b) => a + b, 0);
  return row.map((weight) => weight / sum);
}

function step(iteration: number, ...rows: readonly (readonly number[])[]) {
  const layers = rows.map((row, layer) => ({
    layer,
    loads: Float64Array.from(shares(row), (share) => Math.round(share * MANY)),
  }));
  return { iteration, experts: rows[0]!.length, ranks: 0, layers };
}

function forecastOf(rows: readonly (readonly number[])[], method: ForecastMethod, horizon: number, spacing = 1) {
  const forecaster = new LoadForecaster({ method, horizon });
  rows.forEach((row, i) => {
    forecaster.add(step(1 + i * spacing, row));
  });
  return forecaster.profile();
}

test("smoothing is Holt's recursion, written out", () => {
  const rows = [
    [0.5, 0.5],
    [0.6, 0.4],
    [0.8, 0.2],
    [0.7, 0.3],
  ];
  const [a, b, phi] = [0.3, 0.02, 0.98];
  let [level, trend] = [rows[0]!, [0, 0]];
  for (const row of rows.slice(1)) {
    const next = row.map((y, e) => a * y + (1 - a) * (level[e]! + phi * trend[e]!));
    trend = next.map((l, e) => b * (l - level[e]!) + (1 - b) * phi * trend[e]!);
    level = next;
  }
  const holt = FORECASTERS.holt.make();
  const ema = FORECASTERS.ema.make();
  for (const row of rows) for (const forecaster of [holt, ema]) forecaster.add(Float64Array.from(row));
  const expected = level.map((l, e) => l + (phi + phi ** 2 + phi ** 3) * trend[e]!);
  expect(holt.forecast(3)[0]).toBeCloseTo(expected[0]!, 12);
  expect(ema.forecast(3)[0]).toBeCloseTo(0.5 * 0.343 + 0.6 * 0.147 + 0.8 * 0.21 + 0.7 * 0.3, 12);
});

test("every forecast is shares: none negative, sum 1, however far ahead", () => {
  fc.assert(
    fc.property(series, fc.double({ min: 0, max: 1e6, noNaN: true }), (rows, ahead) => {
      for (const { make } of ENSEMBLE) {
        const forecaster = make();
        for (const row of rows) forecaster.add(Float64Array.from(shares(row)));
        const expected = forecaster.forecast(ahead);
        expect(Math.min(...expected)).toBeGreaterThanOrEqual(0);
        expect(expected.reduce((a, b) => a + b)).toBeCloseTo(1, 9);
      }
    }),
  );
});

test("what a backtest judges is what was forecast from the log up to the origin, and nothing later", () => {
  fc.assert(
    fc.property(series, fc.integer({ min: 1, max: 6 }), (rows, horizon) => {
      const told = new Map<number, Map<ForecastMethod, number>>();
      const forecaster = new LoadForecaster({
        method: "auto",
        horizon,
        others: FORECAST_METHODS,
        told: (origin, _, errors) => told.set(origin, new Map(errors.map(({ method, error }) => [method, error]))),
      });
      rows.forEach((row, i) => {
        forecaster.add(step(1 + i, row));
      });
      expect([...told.keys()]).toEqual(Array.from({ length: Math.max(0, rows.length - 1 - horizon) }, (_, i) => 2 + i));
      for (const [origin, errors] of told) {
        const truth = shares(rows[origin - 1 + horizon]!);
        for (const method of FORECAST_METHODS) {
          const { loads } = forecastOf(rows.slice(0, origin), method, horizon).layers[0]!;
          const error = loads.reduce((sum, load, e) => sum + Math.abs(load / MANY - truth[e]!), 0);
          expect(errors.get(method)).toBeCloseTo(error, 6);
        }
      }
    }),
    { numRuns: 30 },
  );
});

test("the document's errors are means over the trailing origins", () => {
  const rows = Array.from({ length: 80 }, (_, i) => [20 + 10 * Math.sin(i / 7), 20, 5 + i / 4]);
  const errors: number[] = [];
  const forecaster = new LoadForecaster({
    method: "holt",
    horizon: 3,
    told: (_, __, [judged]) => errors.push(judged!.error),
  });
  rows.forEach((row, i) => {
    forecaster.add(step(i, row));
  });
  const { forecast } = forecaster.profile();
  expect(forecast!.origins).toBe(50);
  expect(forecast!.error).toBeCloseTo(errors.slice(-50).reduce((a, b) => a + b) / 50, 12);
  expect(forecast!.layers[0]!.forecaster).toBe("holt 0.3/0.02/0.98");
});

test("auto takes, layer by layer, what did best: the last value of steps, an average of noise", () => {
  const forecaster = new LoadForecaster({ method: "auto", horizon: 1 });
  for (let i = 0; i < 60; i++) {
    const level = i % 20 < 10 ? 10 : 30;
    forecaster.add(step(i, [level, 20, 10], i % 2 === 0 ? [10, 20, 30] : [14, 20, 26]));
  }
  const [steps, noise] = forecaster.profile().forecast!.layers;
  expect(steps!.forecaster).toBe("last");
  expect(noise!.forecaster).toBe("ema 0.1");
  expect(noise!.error!).toBeLessThan(noise!.lastError!);
});

test("a horizon counts iterations, recorded or not", () => {
  const rows = Array.from({ length: 30 }, (_, i) => [10 + i, 20, 30]);
  for (const method of FORECAST_METHODS)
    expect(forecastOf(rows, method, 50, 10).layers).toEqual(forecastOf(rows, method, 5).layers);
  expect(forecastOf(rows, "holt", 50, 10).layers).not.toEqual(forecastOf(rows, "holt", 50).layers);
});

test("forecasts that were for a gap in the log are not judged", () => {
  const judgedWith = (...iterations: readonly number[]) => {
    const origins: number[] = [];
    const forecaster = new LoadForecaster({ method: "last", horizon: 1, told: (origin) => origins.push(origin) });
    for (const iteration of iterations) forecaster.add(step(iteration, [1, 2]));
    return origins;
  };
  expect(judgedWith(1, 2, 3, 4, 5)).toEqual([2, 3, 4]);
  expect(judgedWith(1, 2, 3, 4, 5, 6, 7, 8, 100, 101)).toEqual([2, 3, 4, 5, 6, 7, 100]);
});

test("what waits to be judged is bounded, and far horizons are judged all the same", () => {
  const origins: number[] = [];
  const forecaster = new LoadForecaster({ method: "last", horizon: 1500, told: (origin) => origins.push(origin) });
  for (let i = 1; i <= 4000; i++) forecaster.add(step(i, [1, 2]));
  expect(origins.length).toBeGreaterThan(500);
  expect(origins.length).toBeLessThan(700); // Of 2500: every fourth since the strides grew.
});

test("quantiles bracket nine of ten residuals", () => {
  const rows = Array.from({ length: 52 }, (_, i) => [500 + i, 1000 - 500 - i]);
  const { forecast, layers } = forecastOf(rows.slice(), "last", 1);
  const [low, high] = [forecast!.quantiles!.layers[0]!.low[0]! / MANY, forecast!.quantiles!.layers[0]!.high[0]! / MANY];
  expect(layers[0]!.loads[0]! / MANY).toBeCloseTo(0.551, 9);
  expect(low).toBeCloseTo(0.552, 9); // It has risen by one in a thousand every time.
  expect(high).toBeCloseTo(0.552, 9);
});

test("an ensemble's loads are a mean of its scenarios, which lie on both sides", () => {
  const rows = Array.from({ length: 40 }, (_, i) => [10 + (i % 7) * 3, 20, 30 + i]);
  const { forecast, layers } = forecastOf(rows, "ensemble", 4);
  expect(forecast!.scenarios!.map(({ name }) => name)).toEqual(ENSEMBLE.map(({ name }) => name));
  for (const e of [0, 1, 2]) {
    const all = forecast!.scenarios!.map((scenario) => scenario.layers[0]!.loads[e]!);
    expect(layers[0]!.loads[e]).toBeGreaterThanOrEqual(Math.min(...all) - 1);
    expect(layers[0]!.loads[e]).toBeLessThanOrEqual(Math.max(...all) + 1);
  }
});

test("experts that appear late, layers without tokens and few tokens", () => {
  const forecaster = new LoadForecaster({ method: "ensemble", horizon: 1 });
  const few = (iteration: number, ...loads: readonly (readonly number[])[]) => ({
    iteration,
    experts: loads[0]!.length,
    ranks: 0,
    layers: loads.map((row, layer) => ({ layer, loads: Float64Array.from(row) })),
  });
  forecaster.add(few(1, [1, 0], [0, 0]));
  forecaster.add(few(2, [1, 0], [0, 0]));
  forecaster.add(few(3, [1, 0, 1], [0, 0, 0]));
  const { experts, scale, layers, forecast } = forecaster.profile();
  expect(experts).toBe(3);
  expect(scale).toBe(150);
  expect(layers[0]!.loads.reduce((a, b) => a + b)).toBe(300);
  expect(layers[0]!.loads[2]).toBeGreaterThan(0);
  expect(layers[1]!.loads).toEqual([0, 0, 0]);
  for (const scenario of forecast!.scenarios!) expect(scenario.layers.map(({ loads }) => loads.length)).toEqual([3, 3]);
});

test("layers and experts that are picked keep their part of the forecast", () => {
  const forecaster = new LoadForecaster({ method: "ensemble", horizon: 2 });
  for (let i = 0; i < 20; i++) forecaster.add(step(i, [10 + i, 20, 5], [1, 5 + (i % 3), 40]));
  const profile = forecaster.profile();
  const picked = topExperts(selectLayers(profile, [1]), 2);
  expect(picked.layers[0]!.loads).toEqual(profile.layers[1]!.loads.filter((_, e) => e !== 0));
  expect(picked.forecast!.error).toBe(profile.forecast!.layers[1]!.error);
  expect(picked.forecast!.layers).toEqual([profile.forecast!.layers[1]]);
  const scenario = picked.forecast!.scenarios![0]!.layers;
  expect(scenario).toEqual([{ layer: 1, loads: profile.forecast!.scenarios![0]!.layers[1]!.loads.slice(1) }]);
  expect(picked.forecast!.quantiles!.layers[0]!.low).toHaveLength(2);
});

test("refuses what is no series", () => {
  const forecaster = new LoadForecaster({ method: "last", horizon: 1 });
  expect(() => forecaster.profile()).toThrow(/at least two recorded iterations/);
  forecaster.add(step(5, [1, 1], [1, 1]));
  expect(() => forecaster.profile()).toThrow(/there is one/);
  expect(() => forecaster.add(step(5, [1, 1], [1, 1]))).toThrow(/iteration 5 comes after iteration 5/);
  expect(() => forecaster.add(step(6, [1, 1]))).toThrow(/layer 1 is missing from iteration 6/);
  expect(() => new LoadForecaster({ method: "last", horizon: 0 })).toThrow(/horizon/);
});

test("experts that an iteration no longer lists have no tokens in it", () => {
  for (const { make } of [...Object.values(FORECASTERS), ...ENSEMBLE]) {
    const after = (newest: readonly number[]) => {
      const forecaster = make();
      for (const shares of [[0.2, 0.3, 0.5], newest]) forecaster.add(Float64Array.from(shares));
      return [...forecaster.forecast(3)];
    };
    expect(after([0.6, 0.4])).toEqual(after([0.6, 0.4, 0]));
  }
});
