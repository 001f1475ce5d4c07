/**
 * Forecasters of the shares of a layer's tokens that its experts get. Constants count recorded iterations. Trends are damped: an
 * undamped one leads out of [0, 1] within some hundred iterations.
 */
import type { ForecastMethod } from "../profile/loadForecast.ts";

/** Sees one recorded iteration after the other; shares may get longer as experts appear. */
export interface Forecaster {
  /** @param shares shape [experts], sum 1; not kept */
  add(shares: Float64Array): void;
  /**
   * @param ahead recorded iterations from the newest one on, at least 0 and not necessarily whole
   * @returns shape [experts], none negative, sum 1
   * @throws RangeError before the first `add`
   */
  forecast(ahead: number): Float64Array;
}

/** A forecaster by the name that documents and tables call it. */
export interface NamedForecaster {
  readonly name: string;
  readonly make: () => Forecaster;
}

/** The newest shares. */
const last = { name: "last", make: () => smoothing(1) };

/** Exponential moving average, `weight` for the newest iteration. */
function ema(weight: number): NamedForecaster {
  return { name: `ema ${weight}`, make: () => smoothing(weight) };
}

/** Holt's linear smoothing with a damped trend (Gardner and McKenzie 1985): weights of level and trend, and the damping. */
function holt(level: number, trend: number, damping: number): NamedForecaster {
  return { name: `holt ${level}/${trend}/${damping}`, make: () => smoothing(level, trend, damping) };
}

const [EMA, HOLT] = [ema(0.3), holt(0.3, 0.02, 0.98)];

/** The forecaster of a method that is one. */
export const FORECASTERS: Readonly<Record<Exclude<ForecastMethod, "auto" | "ensemble">, NamedForecaster>> = {
  last,
  ema: EMA,
  holt: HOLT,
};

/** What `auto` chooses from and `ensemble` consists of; the first is what is known of a layer without a backtest. */
export const ENSEMBLE: readonly NamedForecaster[] = [
  last,
  ema(0.1),
  ema(0.2),
  EMA,
  ema(0.5),
  HOLT,
  holt(0.2, 0.02, 0.98),
  holt(0.3, 0.01, 0.99),
  holt(0.2, 0.01, 0.99),
];

/** Level and trend by exponential smoothing; without weight and damping of the trend it is a moving average. */
function smoothing(levelWeight: number, trendWeight = 0, damping = 0): Forecaster {
  let level = new Float64Array(0);
  let trend = new Float64Array(0);
  return {
    add(shares) {
      if (level.length === 0) {
        level = shares.slice();
        trend = new Float64Array(shares.length);
        return;
      }
      if (level.length < shares.length) [level, trend] = [longer(level, shares.length), longer(trend, shares.length)];
      for (let e = 0; e < level.length; e++) {
        const expected = level[e]! + damping * trend[e]!;
        const next = expected + levelWeight * ((shares[e] ?? 0) - expected);
        trend[e] = trendWeight * (next - level[e]!) + (1 - trendWeight) * damping * trend[e]!;
        level[e] = next;
      }
    },
    forecast(ahead) {
      if (level.length === 0) throw new RangeError("nothing can be forecast from no iteration");
      if (damping === 0) return level.slice();
      const reach = (damping * (1 - damping ** ahead)) / (1 - damping);
      return normalized(level.map((share, e) => Math.max(0, share + reach * trend[e]!)));
    },
  };
}

/** Divides by the sum, in place; the sum is positive, as trends sum to 0 and only negative shares are cut off. */
function normalized(shares: Float64Array): Float64Array {
  let sum = 0;
  for (const share of shares) sum += share;
  for (let e = 0; e < shares.length; e++) shares[e]! /= sum;
  return shares;
}

function longer(values: Float64Array, length: number): Float64Array<ArrayBuffer> {
  const all = new Float64Array(length);
  all.set(values);
  return all;
}
