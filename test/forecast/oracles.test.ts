/** Forecasts, their errors and quantiles, and drift, each worked out once more from the whole series at once. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { ENSEMBLE, FORECASTERS } from "../../src/core/forecast/forecasters.ts";
import { TRAILING_ORIGINS } from "../../src/core/forecast/layerForecaster.ts";
import { LoadDrift } from "../../src/core/forecast/loadDrift.ts";
import { LoadForecaster } from "../../src/core/forecast/loadForecaster.ts";
import { rankCorrelation } from "../../src/core/forecast/rankCorrelation.ts";
import { robustPlacement } from "../../src/core/forecast/robustPlacement.ts";
import { uniformCluster } from "../../src/core/layout/cluster.ts";
import type { LayerLoads } from "../../src/core/layout/placement.ts";
import type { MadePlacement } from "../../src/core/placement/makePlacement.ts";
import type { Policy } from "../../src/core/placement/policy.ts";

/** So many tokens that whole numbers are as good as shares. */
const MANY = 2 ** 40;
const NAMES = ENSEMBLE.map(({ name }) => name);
const sum = (values: readonly number[]) => values.reduce((all, value) => all + value, 0);
const mean = (values: readonly number[]) => sum(values) / values.length;
const sharesOf = (row: readonly number[]) => row.map((weight) => weight / (sum(row) || 1));
const apart = (one: readonly number[], other: readonly number[]) => sum(one.map((share, e) => Math.abs(share - other[e]!)));

function step(iteration: number, rows: readonly (readonly number[])[], tokens = MANY) {
  const layers = rows.map((row, layer) => ({
    layer,
    loads: Float64Array.from(sharesOf(row), (share) => Math.round(share * tokens)),
  }));
  return { iteration, experts: rows[0]!.length, ranks: 0, layers };
}

/** Level and trend from the sums that the recursions stand for. */
function smoothed(rows: readonly (readonly number[])[], name: string, ahead: number): number[] {
  const [, level = "1", trend = "0", damping = "0"] = /^(?:last|ema ([\d.]+)|holt ([\d.]+)\/([\d.]+)\/([\d.]+))$/
    .exec(name)!
    .filter((text) => text !== undefined);
  const [a, b, phi] = [Number(level), Number(trend), Number(damping)];
  const forecast = rows[0]!.map((first, e) => {
    let [l, t] = [first, 0];
    for (const row of rows.slice(1)) {
      const next = a * row[e]! + (1 - a) * (l + phi * t);
      t = b * (next - l) + (1 - b) * phi * t;
      l = next;
    }
    return Math.max(0, l + t * sum(Array.from({ length: ahead }, (_, i) => phi ** (i + 1))));
  });
  return sharesOf(forecast);
}

/** What forecasters expected at every origin, and how far that was from what came. */
function backtest(rows: readonly (readonly number[])[], horizon: number) {
  const all = rows.map(sharesOf);
  // The first iteration is no origin: nothing is known of how far apart iterations are.
  const origins = Array.from({ length: Math.max(0, rows.length - 1 - horizon) }, (_, i) => i + 1);
  return origins.map((origin) => {
    const expected = NAMES.map((name) => smoothed(all.slice(0, origin + 1), name, horizon));
    const came = all[origin + horizon]!;
    return { expected, came, errors: expected.map((shares) => apart(shares, came)) };
  });
}

const weights = fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 3, maxLength: 3 }).filter((all) => sum(all) > 0);
const series = fc.array(weights, { minLength: 4, maxLength: 12 });

test("auto takes the forecaster with the least mean error, ensemble weighs all by its eighth power", () => {
  fc.assert(
    fc.property(series, fc.integer({ min: 1, max: 3 }), (rows, horizon) => {
      const judged = backtest(rows, horizon);
      const newest = NAMES.map((name) => smoothed(rows.map(sharesOf), name, horizon));
      const errors = NAMES.map((_, f) => (judged.length === 0 ? 1 : mean(judged.map((origin) => origin.errors[f]!))));
      const least = Math.min(...errors);
      const of = (method: "auto" | "ensemble") => {
        const forecaster = new LoadForecaster({ method, horizon });
        rows.forEach((row, i) => {
          forecaster.add(step(i, [row]));
        });
        return forecaster.profile();
      };
      const auto = of("auto");
      const chosen = NAMES.indexOf(auto.forecast!.layers[0]!.forecaster);
      expect(errors[chosen]).toBeCloseTo(judged.length === 0 ? 1 : least, 6);
      if (judged.length === 0) expect(chosen).toBe(0);
      expect(apart(sharesOf(auto.layers[0]!.loads), newest[chosen]!)).toBeLessThan(1e-6);
      expect(auto.forecast!.layers[0]!.lastError ?? -1).toBeCloseTo(judged.length === 0 ? -1 : errors[0]!, 6);

      const ensemble = of("ensemble");
      fc.pre(judged.length === 0 || least > 1e-3);
      const by = errors.map((error) => (least / error) ** 8);
      const expected = rows[0]!.map((_, e) => sum(newest.map((shares, f) => (by[f]! / sum(by)) * shares[e]!)));
      expect(apart(sharesOf(ensemble.layers[0]!.loads), expected)).toBeLessThan(1e-6);
      ensemble.forecast!.scenarios!.forEach(({ name, layers }, f) => {
        expect(name).toBe(NAMES[f]);
        expect(apart(sharesOf(layers[0]!.loads), newest[f]!)).toBeLessThan(1e-6);
      });
    }),
    { numRuns: 60 },
  );
});

test("quantiles are those of the trailing residuals, between neighbours interpolated, and not below 0", () => {
  fc.assert(
    fc.property(series, fc.integer({ min: 1, max: 2 }), (rows, horizon) => {
      const forecaster = new LoadForecaster({ method: "ema", horizon });
      rows.forEach((row, i) => {
        forecaster.add(step(i, [row]));
      });
      const { forecast, layers } = forecaster.profile();
      const judged = backtest(rows, horizon);
      if (judged.length < 2) {
        expect(forecast!.quantiles).toBeUndefined();
        return;
      }
      const { low, high } = forecast!.quantiles!.layers[0]!;
      const f = NAMES.indexOf(FORECASTERS.ema.name);
      for (const e of [0, 1, 2]) {
        const residuals = judged.map(({ expected, came }) => came[e]! - expected[f]![e]!).sort((x, y) => x - y);
        for (const [part, found] of [
          [0.05, low[e]!],
          [0.95, high[e]!],
        ] as const) {
          const at = part * (residuals.length - 1);
          const between = residuals[Math.floor(at)]! * (Math.ceil(at) - at) + residuals[Math.ceil(at)]! * (at % 1);
          const residual = Number.isInteger(at) ? residuals[at]! : between;
          expect(found / MANY).toBeCloseTo(Math.max(0, layers[0]!.loads[e]! / MANY + residual), 6);
        }
      }
    }),
    { numRuns: 60 },
  );
});

test("a forecast's figures are means over its layers and the trailing origins; a layer without tokens has none", () => {
  const forecaster = new LoadForecaster({ method: "last", horizon: 1 });
  const rows = Array.from({ length: 70 }, (_, i) => [
    [10 + ((i * 7) % 13), 20],
    [5, 5 + ((i * i) % 11)],
    [0, 0],
  ]);
  rows.forEach((layers, i) => {
    forecaster.add(step(i, layers));
  });
  const { forecast } = forecaster.profile();
  const errors = [0, 1].map((l) =>
    mean(
      rows
        .slice(1)
        .map((layers, i) => apart(sharesOf(layers[l]!), sharesOf(rows[i]![l]!)))
        .slice(-TRAILING_ORIGINS),
    ),
  );
  expect(forecast!.layers.map(({ error }) => error)).toEqual([
    expect.closeTo(errors[0]!, 6),
    expect.closeTo(errors[1]!, 6),
    undefined,
  ]);
  expect(forecast!.error).toBeCloseTo(mean(errors), 6);
  expect(forecast!.lastError).toBeCloseTo(mean(errors), 6);
  expect(forecast!.origins).toBe(TRAILING_ORIGINS);
  expect(forecast!.quantiles!.layers[2]).toEqual({ layer: 2, low: [0, 0], high: [0, 0] });
});

test("experts that one iteration lists and another does not had no tokens where they are missing", () => {
  const errors: number[] = [];
  const told = (_: number, __: number, [judged]: readonly { readonly error: number }[]) => errors.push(judged!.error);
  const forecaster = new LoadForecaster({ method: "last", horizon: 1, told });
  [
    [4, 0],
    [4, 0],
    [3, 0, 1],
    [1, 3],
  ].forEach((loads, iteration) => {
    const layers = [{ layer: 0, loads: Float64Array.from(loads) }];
    forecaster.add({ iteration, experts: loads.length, ranks: 0, layers });
  });
  expect(errors).toEqual([0.5, 1.5]); // |1 - 3/4| + 1/4, then |3/4 - 1/4| + 3/4 + 1/4.
});

test("tokens are multiplied just where there are fewer than experts, by the layer that has fewest", () => {
  const scaleOf = (...tokens: readonly number[]) => {
    const forecaster = new LoadForecaster({ method: "last", horizon: 1 });
    const layers = tokens.map((all, layer) => ({ layer, loads: Float64Array.of(all, 0, 0, 0) }));
    for (const iteration of [1, 2]) forecaster.add({ iteration, experts: 4, ranks: 0, layers });
    return forecaster.profile().scale;
  };
  expect([scaleOf(4), scaleOf(5, 0), scaleOf(3, 9), scaleOf(9, 1)]).toEqual([undefined, undefined, 134, 400]);
});

test("rank correlation is Pearson's of the mean ranks, ties or not", () => {
  const values = fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 6, maxLength: 6 });
  const ranksOf = (row: readonly number[]) =>
    row.map((value) => row.filter((x) => x < value).length + (row.filter((x) => x === value).length - 1) / 2);
  fc.assert(
    fc.property(values, values, (one, other) => {
      const [a, b] = [ranksOf(one), ranksOf(other)];
      const [x, y] = [a, b].map((ranks) => ranks.map((rank) => rank - mean(ranks)));
      const scale = Math.sqrt(sum(x!.map((v) => v * v)) * sum(y!.map((v) => v * v)));
      fc.pre(scale > 0);
      expect(rankCorrelation(one, other)).toBeCloseTo(sum(x!.map((v, i) => v * y![i]!)) / scale, 9);
    }),
  );
  expect(() => rankCorrelation([], [])).toThrow(RangeError);
});

test("windows are sums of their iterations, whatever experts these list and whether they have tokens", () => {
  const row = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 5 });
  const rows = fc.array(row, { minLength: 5, maxLength: 9 });
  fc.assert(
    fc.property(rows, fc.integer({ min: 1, max: 3 }), (loads, every) => {
      fc.pre(loads.length > every);
      const drift = new LoadDrift(every);
      loads.forEach((tokens, i) => {
        const layers = [{ layer: 4, loads: Float64Array.from(tokens) }];
        drift.add({ iteration: 10 + 3 * i, experts: tokens.length, ranks: 0, layers });
      });
      const experts = Math.max(...loads.map(({ length }) => length));
      const windows = Array.from({ length: Math.ceil(loads.length / every) }, (_, w) =>
        Array.from({ length: experts }, (__, e) => sum(loads.slice(w * every, (w + 1) * every).map((tokens) => tokens[e] ?? 0))),
      );
      const figures = drift.figures();
      expect(figures).toMatchObject({ experts, from: 10, to: 10 + 3 * (loads.length - 1), iterations: loads.length, every });
      expect(figures).toMatchObject({ windows: windows.length, spacing: 3 * every, ranks: Math.ceil(experts / 2) });
      const pairs = windows.slice(1).map((next, w) => [windows[w]!, next] as const);
      const [layer] = figures.layers;
      pairs.forEach(([before, after], w) => {
        expect(layer!.distances[w]).toBeCloseTo(apart(sharesOf(before), sharesOf(after)), 9);
      });
      const correlations = pairs.map(([before, after]) => rankCorrelation(before, after));
      expect(layer!.rankCorrelation.mean).toBeCloseTo(mean(correlations), 9);
      expect(layer!.rankCorrelation.min).toBeCloseTo(Math.min(...correlations), 9);
    }),
    { numRuns: 60 },
  );
});

test("drift refuses iterations that fall back, and layers that come, go or change their number", () => {
  const add = (...steps: readonly (readonly [number, readonly number[]])[]) => {
    const drift = new LoadDrift();
    for (const [iteration, layers] of steps)
      drift.add({
        iteration,
        experts: 2,
        ranks: 0,
        layers: layers.map((layer) => ({ layer, loads: Float64Array.of(1, 2) })),
      });
    return drift.figures().windows;
  };
  expect(add([1, [0, 1]], [2, [0, 1]])).toBe(2);
  expect(() => add([2, [0]], [2, [0]])).toThrow(/iteration 2 comes after iteration 2/);
  for (const layers of [[0], [0, 1, 2], [0, 2]]) expect(() => add([1, [0, 1]], [2, layers])).toThrow(/other layers/);
});

test("scenarios are judged by the policy's shares; a plan of fewer hosts is not taken, and who waits counts for nothing", () => {
  const cluster = uniformCluster(2, 2);
  const policy: Policy = { placement: "balanced", allocation: "lazarus", minReplicas: 1, seed: 0, failureProbability: 0.1 };
  const found = (shares: "free" | "even", kept: number, waiting: readonly number[] = []) => {
    const [expected, coming] = [
      [3, 1, 2, ...waiting],
      [2, 4, 2, ...waiting],
    ];
    const place = ([wanted]: readonly LayerLoads[]): MadePlacement => {
      const { loads } = wanted!;
      // Two copies of expert 0 for the loads expected, of expert 1 for any others.
      const nodes = [[0, 1], loads === expected ? [0, 2] : [1, 2]];
      const replicas = loads.map((_, e) => nodes.flat().filter((expert) => expert === e).length);
      return {
        cluster,
        layers: [{ layer: 0, loads, nodes, replicas }],
        keptMinReplicas: loads === expected ? 1 : kept,
        withinBalanceLimit: true,
        withinStepBudget: true,
      };
    };
    const { chosen, worst, plainWorst } = robustPlacement({
      layers: [{ layer: 0, loads: expected }],
      scenarios: [{ name: "other", layers: [{ layer: 0, loads: coming }] }],
      policy: { ...policy, shares },
      place,
      survival: () => 1,
    });
    return [chosen, worst, plainWorst];
  };
  // Even shares: 1 + 4 and 1 + 2 tokens, or 2 + 2 and 2 + 2; the free ones of expert 0 level its two nodes as well.
  expect(found("even", 1)).toEqual(["all", 1, 1.25]);
  expect(found("even", 1, [9])).toEqual(["all", 1, 1.25]);
  expect(found("even", 0)).toEqual(["forecast", 1.25, 1.25]);
  expect(found("free", 1)).toEqual(["forecast", expect.closeTo(1, 5), expect.closeTo(1, 5)]);
});
