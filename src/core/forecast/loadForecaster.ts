/** Routing steps in, forecasts out. */
import { checkChoice } from "../algorithms/checkChoice.ts";
import { largestRemainder } from "../algorithms/largestRemainder.ts";
import { FORECAST_METHODS, type ForecastMethod, type LoadForecast, meanOf } from "../profile/loadForecast.ts";
import type { LoadProfile } from "../profile/loadProfile.ts";
import type { RoutingStep } from "../profile/routingStep.ts";
import { WindowError } from "../profile/windowError.ts";
import { type JudgedError, LayerForecaster } from "./layerForecaster.ts";

/** Part of the trailing residuals that lies between the quantiles of a forecast. */
const COVERAGE = 0.9;
/** Numbers that forecasts in wait may hold, all layers together, and how many of them there are at least and at most. */
const NUMBERS_WAITING = 1 << 24;
const LEAST_WAITING = 16;
const MOST_WAITING = 512;
/** Tokens an expert, on average, below which rounding would take what was forecast. */
const LEAST_TOKENS = 100;

/** What to forecast and how. */
export interface LoadForecasterOptions {
  readonly method: ForecastMethod;
  /** Iterations of the log ahead. */
  readonly horizon: number;
  /** Further methods to be judged. */
  readonly others?: readonly ForecastMethod[] | undefined;
  /** Hears the error of every method at every origin that is judged, in the order of their time. */
  readonly told?: (origin: number, layer: number, errors: readonly JudgedError[]) => void;
}

interface LayerState {
  readonly forecaster: LayerForecaster;
  /** Tokens of the newest iteration that had any. */
  tokens: number;
}

/**
 * Forecasts loads from a stream of steps. Whatever a forecast or a choice is made by was recorded before it: forecasts wait until a
 * recorded iteration is as far on as they were for, and are judged by it alone. Memory does not grow with the log; where the
 * horizon is many recorded iterations away, every second, fourth, ... one is an origin.
 */
export class LoadForecaster {
  readonly #options: LoadForecasterOptions;
  readonly #methods: readonly ForecastMethod[];
  readonly #layers = new Map<number, LayerState>();
  #experts = 0;
  #first = 0;
  #newest = 0;
  #recorded = 0;
  /** Every so many recorded iterations one is an origin. */
  #stride = 1;

  /** @throws RangeError when the horizon is not a positive whole number */
  constructor(options: LoadForecasterOptions) {
    const { method, horizon, others = [] } = options;
    checkChoice("method", method ?? null, FORECAST_METHODS);
    for (const other of others) checkChoice("method", other, FORECAST_METHODS);
    if (!Number.isSafeInteger(horizon) || horizon < 1)
      throw new RangeError(`horizon must be a positive whole number of iterations, got ${horizon}`);
    this.#options = options;
    this.#methods = [...new Set([method, ...others])];
  }

  /** Recorded iterations seen. */
  get recorded(): number {
    return this.#recorded;
  }

  /** Mean distance of recorded iterations; nothing before there are two. */
  get spacing(): number | undefined {
    return this.#recorded < 2 ? undefined : (this.#newest - this.#first) / (this.#recorded - 1);
  }

  /**
   * Takes the next recorded iteration. Experts that a step does not know had no tokens in it.
   * @throws WindowError when iterations do not rise, or its layers are not those of the steps before
   */
  add(step: RoutingStep): void {
    const { iteration } = step;
    if (this.#recorded === 0) {
      this.#first = iteration;
      for (const { layer } of step.layers) this.#layers.set(layer, { forecaster: new LayerForecaster(this.#methods), tokens: 0 });
    } else this.#match(step);
    this.#experts = Math.max(this.#experts, step.experts);
    this.#newest = iteration;
    this.#recorded++;
    const { horizon, told } = this.#options;
    const due = iteration - horizon;
    const isOrigin = this.#recorded > 1 && this.#recorded % this.#stride === 0;
    for (const { layer, loads } of step.layers) {
      const state = this.#layers.get(layer)!;
      const tokens = loads.reduce((sum, load) => sum + load, 0);
      if (tokens === 0) continue;
      state.tokens = tokens;
      state.forecaster.add(
        loads.map((load) => load / tokens),
        due,
        due - (this.spacing ?? 0),
        told && ((origin, errors) => told(origin, layer, errors)),
      );
      if (isOrigin) state.forecaster.remember(iteration, this.#ahead());
    }
    this.#thin();
  }

  /**
   * The forecast made at the newest iteration.
   * @throws WindowError before there are two
   */
  profile(): LoadProfile {
    if (this.#recorded < 2) {
      throw new WindowError(
        `a forecast needs at least two recorded iterations, and there ${this.#recorded === 1 ? "is one" : "are none"}`,
      );
    }
    const { method, horizon } = this.#options;
    const layers = [...this.#layers].map(([layer, state]) => ({ layer, ...this.#layerForecast(state) }));
    const forecast: LoadForecast = {
      method,
      horizon,
      origins: Math.max(...layers.map(({ origins }) => origins)),
      error: meanOf(layers.map(({ error }) => error)),
      lastError: meanOf(layers.map(({ lastError }) => lastError)),
      layers: layers.map(({ layer, forecaster, error, lastError }) => ({ layer, forecaster, error, lastError })),
      quantiles: layers.some(({ low }) => low !== undefined)
        ? {
            coverage: COVERAGE,
            layers: layers.map(({ layer, loads, low = loads, high = loads }) => ({ layer, low, high })),
          }
        : undefined,
      scenarios:
        method === "ensemble"
          ? layers[0]!.scenarios.map(({ name }, s) => ({
              name,
              layers: layers.map(({ layer, scenarios }) => ({ layer, loads: scenarios[s]!.loads })),
            }))
          : undefined,
    };
    const scale = this.#scale();
    return {
      experts: this.#experts,
      window: { from: this.#first, to: this.#newest, iterations: this.#recorded, method: "forecast" },
      ...(scale === 1 ? {} : { scale }),
      layers: layers.map(({ layer, loads }) => ({ layer, loads })),
      forecast,
    };
  }

  #layerForecast({ forecaster, tokens }: LayerState) {
    const total = tokens * this.#scale();
    const inTokens = (shares: Float64Array) => this.#padded(largestRemainder(shares, total));
    if (total === 0) {
      const none = { forecaster: "last", error: undefined, lastError: undefined };
      const loads = this.#padded([]);
      const scenarios = forecaster.names.map((name) => ({ name, loads }));
      return { ...none, loads, origins: 0, low: undefined, high: undefined, scenarios };
    }
    const { shares, scenarios, ...found } = forecaster.forecast(this.#ahead());
    const residuals = forecaster.residuals(COVERAGE);
    const moved = (by: readonly number[] | undefined) =>
      by && this.#padded(by.map((residual, e) => Math.round(total * Math.max(0, (shares[e] ?? 0) + residual))));
    return {
      ...found,
      loads: inTokens(shares),
      origins: forecaster.origins,
      low: moved(residuals?.low),
      high: moved(residuals?.high),
      scenarios: scenarios.map(({ name, shares: expected }) => ({ name, loads: inTokens(expected) })),
    };
  }

  /** Experts that a layer has not seen have no tokens. */
  #padded(loads: readonly number[]): number[] {
    return Array.from({ length: this.#experts }, (_, e) => loads[e] ?? 0);
  }

  #ahead(): number {
    return this.#options.horizon / this.spacing!;
  }

  /** 1, or what tokens are multiplied by where they are too few for whole numbers to keep a forecast. */
  #scale(): number {
    const totals = [...this.#layers.values()].map(({ tokens }) => tokens).filter((tokens) => tokens > 0);
    const least = Math.min(...totals);
    return totals.length === 0 || least >= this.#experts ? 1 : Math.ceil((LEAST_TOKENS * this.#experts) / least);
  }

  #match({ iteration, layers }: RoutingStep): void {
    if (iteration <= this.#newest)
      throw new WindowError(`iteration ${iteration} comes after iteration ${this.#newest}; iterations must rise`, { iteration });
    const odd = layers.find(({ layer }) => !this.#layers.has(layer));
    const present = new Set(layers.map(({ layer }) => layer));
    const missing = odd?.layer ?? [...this.#layers.keys()].find((layer) => !present.has(layer));
    if (missing === undefined) return;
    const [without, within] = odd === undefined ? [iteration, this.#newest] : [this.#newest, iteration];
    throw new WindowError(
      `layer ${missing} is missing from iteration ${without} but recorded in iteration ${within}; every layer is needed in every iteration: take a window in which they are, or complete the log`,
      { iteration, layer: missing },
    );
  }

  #thin(): void {
    const states = [...this.#layers.values()];
    const waiting = Math.max(...states.map(({ forecaster }) => forecaster.waiting));
    const each = states.reduce((sum, { forecaster }) => sum + forecaster.forecastsKept, 0) * this.#experts;
    const most = Math.min(MOST_WAITING, Math.max(LEAST_WAITING, Math.floor(NUMBERS_WAITING / each)));
    if (waiting <= most) return;
    for (const { forecaster } of states) forecaster.thin();
    this.#stride *= 2;
  }
}
