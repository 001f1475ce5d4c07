/** One layer: forecasts made at every recorded iteration, and judged when the time that they are for has come. */
import type { ForecastMethod } from "../profile/loadForecast.ts";
import { ENSEMBLE, FORECASTERS, type NamedForecaster } from "./forecasters.ts";

/**
 * Judged origins that `auto` chooses by, and that errors and quantiles are of: 50 chose best on iterations 1001 to 3000 of the
 * SmartMoE trace, among 20 to 300.
 */
export const TRAILING_ORIGINS = 50;

/** Power of the trailing errors that the ensemble weighs its forecasters by, chosen likewise. */
const WEIGHT_POWER = 8;

/** Methods with figures of their own in a backtest. */
export interface JudgedError {
  readonly method: ForecastMethod;
  readonly error: number;
}

interface Origin {
  readonly iteration: number;
  /** Of the forecasters, then of the methods that are made of them. */
  readonly forecasts: readonly Float64Array[];
}

/** A layer's forecasters, and how they did. */
export class LayerForecaster {
  readonly #named: readonly NamedForecaster[];
  readonly #methods: readonly ForecastMethod[];
  readonly #forecasters;
  #origins: Origin[] = [];
  /** Errors of forecasters and methods at the trailing origins, and residuals of the first method; the newest last. */
  readonly #judged: { readonly errors: readonly number[]; readonly residuals: Float64Array }[] = [];

  /** @param methods what is asked for, the method of the profile first */
  constructor(methods: readonly ForecastMethod[]) {
    const composed = methods.some((method) => method === "auto" || method === "ensemble");
    const simple = methods.flatMap((method) => (method === "auto" || method === "ensemble" ? [] : [FORECASTERS[method]]));
    this.#named = composed ? ENSEMBLE : [...new Set([FORECASTERS.last, ...simple])];
    this.#methods = methods;
    this.#forecasters = this.#named.map(({ make }) => make());
  }

  /** Numbers that a waiting forecast keeps for each expert. */
  get forecastsKept(): number {
    return this.#named.length + (this.#methods.includes("ensemble") ? 1 : 0);
  }

  /** Forecasts that wait for their time. */
  get waiting(): number {
    return this.#origins.length;
  }

  /** Names of the forecasters. */
  get names(): readonly string[] {
    return this.#named.map(({ name }) => name);
  }

  /** Trailing origins that were judged. */
  get origins(): number {
    return this.#judged.length;
  }

  /**
   * Judges the forecasts that were for this iteration, and takes it in.
   * @param due origins up to this iteration forecast this one or an earlier one
   * @param lost origins before this one were for a gap in the log, and say nothing
   * @param told hears the errors of every method at an origin
   */
  add(shares: Float64Array, due: number, lost: number, told?: (origin: number, errors: readonly JudgedError[]) => void): void {
    while (this.#origins.length > 0 && this.#origins[0]!.iteration <= due) {
      const { iteration, forecasts } = this.#origins.shift()!;
      if (iteration <= lost) continue;
      const errors = forecasts.map((forecast) => distance(forecast, shares));
      const methods = errors.slice(this.#named.length);
      told?.(
        iteration,
        this.#methods.map((method, m) => ({ method, error: methods[m]! })),
      );
      this.#judged.push({ errors, residuals: shares.map((share, e) => share - (forecasts[this.#named.length]![e] ?? 0)) });
      if (this.#judged.length > TRAILING_ORIGINS) this.#judged.shift();
    }
    for (const forecaster of this.#forecasters) forecaster.add(shares);
  }

  /** Makes the newest iteration an origin. @param ahead recorded iterations to the horizon */
  remember(iteration: number, ahead: number): void {
    this.#origins.push({ iteration, forecasts: this.#forecasts(ahead) });
  }

  /** Forgets every second waiting forecast. */
  thin(): void {
    this.#origins = this.#origins.filter((_, i) => i % 2 === 1);
  }

  /** The forecast by the first method; errors are those over the trailing origins. */
  forecast(ahead: number): {
    readonly forecaster: string;
    readonly shares: Float64Array;
    readonly error: number | undefined;
    readonly lastError: number | undefined;
    readonly scenarios: readonly { readonly name: string; readonly shares: Float64Array }[];
  } {
    const all = this.#forecasts(ahead);
    const method = this.#methods[0]!;
    return {
      forecaster: method === "ensemble" ? method : this.#named[this.#indexOf(method)]!.name,
      shares: all[this.#named.length]!,
      error: this.#meanError(this.#named.length),
      lastError: this.#meanError(0),
      scenarios: this.#named.map(({ name }, f) => ({ name, shares: all[f]! })),
    };
  }

  /**
   * Residuals of the first method at the trailing origins between which the middle part of them lies, interpolated; shape [experts].
   * Nothing with fewer than two origins.
   */
  residuals(coverage: number): { readonly low: readonly number[]; readonly high: readonly number[] } | undefined {
    if (this.#judged.length < 2) return undefined;
    const experts = this.#judged.at(-1)!.residuals.length;
    const sorted = Array.from({ length: experts }, (_, e) =>
      Float64Array.from(this.#judged, ({ residuals }) => residuals[e] ?? 0).sort(),
    );
    return {
      low: sorted.map((values) => quantile(values, (1 - coverage) / 2)),
      high: sorted.map((values) => quantile(values, (1 + coverage) / 2)),
    };
  }

  #forecasts(ahead: number): Float64Array[] {
    const simple = this.#forecasters.map((forecaster) => forecaster.forecast(ahead));
    const composed = this.#methods.map((method) =>
      method === "ensemble" ? this.#weighedMean(simple) : simple[this.#indexOf(method)]!,
    );
    return [...simple, ...composed];
  }

  /** The forecaster that a method takes now. */
  #indexOf(method: Exclude<ForecastMethod, "ensemble">): number {
    if (method !== "auto") return this.#named.indexOf(FORECASTERS[method]);
    const errors = this.#named.map((_, f) => this.#meanError(f) ?? 0);
    return errors.indexOf(Math.min(...errors));
  }

  #weighedMean(forecasts: readonly Float64Array[]): Float64Array {
    const errors = forecasts.map((_, f) => this.#meanError(f) ?? 1);
    const least = Math.min(...errors);
    const weights = errors.map((error) => (error === least ? 1 : (least / error) ** WEIGHT_POWER));
    const sum = weights.reduce((a, b) => a + b);
    return forecasts[0]!.map((_, e) => forecasts.reduce((mean, forecast, f) => mean + (forecast[e]! * weights[f]!) / sum, 0));
  }

  #meanError(index: number): number | undefined {
    if (this.#judged.length === 0) return undefined;
    return this.#judged.reduce((sum, { errors }) => sum + errors[index]!, 0) / this.#judged.length;
  }
}

/** L1 distance of shares; experts that one of them does not know have none. */
function distance(one: Float64Array, other: Float64Array): number {
  let sum = 0;
  for (let e = 0; e < Math.max(one.length, other.length); e++) sum += Math.abs((one[e] ?? 0) - (other[e] ?? 0));
  return sum;
}

function quantile(ascending: Float64Array, part: number): number {
  const at = part * (ascending.length - 1);
  const below = Math.floor(at);
  const next = Math.min(below + 1, ascending.length - 1);
  return ascending[below]! + (at - below) * (ascending[next]! - ascending[below]!);
}
