/** Forecasts from a routing log, and how well every method did on it. */
import type { JudgedError } from "../core/forecast/layerForecaster.ts";
import { LoadForecaster } from "../core/forecast/loadForecaster.ts";
import { FORECAST_METHODS, type ForecastMethod } from "../core/profile/loadForecast.ts";
import type { LoadProfile } from "../core/profile/loadProfile.ts";
import type { WindowSelection } from "../core/profile/loadProfiler.ts";
import type { RoutingStep } from "../core/profile/routingStep.ts";
import { selectLayers } from "../core/profile/selectLayers.ts";
import { WindowError } from "../core/profile/windowError.ts";
import { InputError, UsageError } from "../errors.ts";
import { parseCount } from "../formats/units.ts";
import { manner } from "./manner.ts";
import { choice, type OptionValues, option, toggle } from "./option.ts";
import { openRoutingInput, type RoutingInputOptions } from "./routingInput.ts";
import { inform, warn } from "./warn.ts";

/** Options of forecasts. */
export const forecastOptions = {
  forecast: choice({
    choices: FORECAST_METHODS,
    says: "The loads that are expected --horizon iterations after the newest one, instead of measured ones: the last value, a moving average (weight 0.3), Holt's method with a damped trend (0.3/0.02/0.98), what did best of nine of these on each layer so far (auto), or their mean weighed by how they did, with each of them as a scenario (ensemble).",
  }),
  horizon: option({
    argument: "H",
    parse: parseCount(1),
    says: "How far ahead --forecast looks, in iterations of the log, recorded or not.",
  }),
  backtest: toggle({
    says: "With --forecast: print how far off all methods were on this log, judged without hindsight, on standard error.",
  }),
  origins: option({
    argument: "FROM:TO",
    parse: parseOrigins,
    says: "Iterations at which the forecasts that --backtest judges are made; all without it.",
  }),
};

/** What to forecast. */
export interface ForecastOptions extends RoutingInputOptions, OptionValues<typeof forecastOptions> {
  readonly window?: WindowSelection | undefined;
  readonly every?: number | undefined;
}

/**
 * The forecast at the end of a log, or after every so many of its recorded iterations; a series of load-profiles is a log as well.
 * @throws InputError, UsageError
 */
export async function* readForecasts(file: string | undefined, options: ForecastOptions): AsyncGenerator<LoadProfile> {
  const { forecast: method, horizon, backtest, origins, window, every } = options;
  if (method === undefined || horizon === undefined)
    throw new UsageError(
      method === undefined ? "--horizon, --backtest and --origins go with --forecast" : "--forecast needs --horizon",
    );
  if (origins !== undefined && !backtest) throw new UsageError("--origins goes with --backtest");
  if (window?.kind === "last")
    throw new UsageError("--window last:K: a forecast forgets old iterations by itself; give FROM:TO, or leave it out");
  const found = await openRoutingInput(file, { ...options, byRank: false, ordered: true });
  const name = found.name;
  const judged = new Backtest(origins);
  const forecaster = new LoadForecaster({
    method,
    horizon,
    others: backtest ? FORECAST_METHODS : [],
    ...(backtest && { told: judged.add }),
  });
  const finished = () => withEnds(forecaster, horizon, name, every !== undefined);
  try {
    for await (const step of "steps" in found ? found.steps : stepsOf(found.profiles)) {
      if (window?.kind === "range" && (step.iteration < window.from || step.iteration > window.to)) continue;
      forecaster.add(step);
      if (every !== undefined && forecaster.recorded % every === 0 && forecaster.recorded > 1) yield finished();
    }
    if (every === undefined || forecaster.recorded % every !== 0 || forecaster.recorded < 2) yield finished();
    inform(`${name}: read ${forecaster.recorded} iterations`);
  } catch (error) {
    throw error instanceof WindowError ? new InputError(error.message, { file: name }) : error;
  }
  if (backtest) await printBacktest(judged, horizon, name);
}

/** Says what a forecast stands on; dense layers in front are left out, as from any log. */
function withEnds(forecaster: LoadForecaster, horizon: number, file: string, several: boolean): LoadProfile {
  const profile = forecaster.profile();
  const { spacing } = forecaster;
  if (!several && spacing !== undefined && horizon < spacing)
    warn(
      `${file}: recorded every ${rounded(spacing)} iterations; a horizon of ${horizon} is judged by the next recorded one, and cannot be better known`,
    );
  if (!several && profile.forecast!.origins === 0)
    warn(
      `${file}: no forecast ${horizon} iterations ahead could be judged yet (iterations ${profile.window.from} to ${profile.window.to}); how far off this one is, is unknown`,
    );
  if (profile.scale !== undefined)
    warn(`${file}: a layer has fewer tokens an iteration than experts; the loads are multiplied by ${profile.scale}`);
  const withTokens = profile.layers.findIndex(({ loads }) => loads.some((load) => load > 0));
  const layers = new Set(profile.layers.slice(Math.max(0, withTokens)).map(({ layer }) => layer));
  const dense = profile.layers.length - layers.size;
  if (dense > 0) warn(`${file}: ${dense} layer${dense === 1 ? "" : "s"} without tokens (dense) in front left out`);
  const kept = dense === 0 ? profile : selectLayers(profile, [...layers]);
  return several ? { ...kept, window: { ...kept.window, ofSeveral: true } } : kept;
}

/** Each load-profile of a series is a recorded iteration. */
export async function* stepsOf(profiles: AsyncIterable<LoadProfile>): AsyncGenerator<RoutingStep> {
  for await (const { experts, window, layers, forecast } of profiles) {
    if (forecast !== undefined) throw new UsageError("this load-profile is a forecast already; forecast from the log");
    const sorted = layers.toSorted((one, other) => one.layer - other.layer);
    yield {
      iteration: window.to,
      experts,
      ranks: 0,
      layers: sorted.map(({ layer, loads }) => ({ layer, loads: Float64Array.from(loads) })),
    };
  }
}

/** Errors of every method over the origins of a backtest. */
class Backtest {
  readonly #range: { readonly from: number; readonly to: number } | undefined;
  readonly #sums = new Map<ForecastMethod, number>();
  readonly #origins = new Set<number>();
  #layersJudged = 0;

  constructor(range: { readonly from: number; readonly to: number } | undefined) {
    this.#range = range;
  }

  readonly add = (origin: number, _layer: number, errors: readonly JudgedError[]): void => {
    if (this.#range !== undefined && (origin < this.#range.from || origin > this.#range.to)) return;
    this.#origins.add(origin);
    this.#layersJudged++;
    for (const { method, error } of errors) this.#sums.set(method, (this.#sums.get(method) ?? 0) + error);
  };

  /** Mean errors over origins and layers. */
  figures() {
    const origins = [...this.#origins];
    return {
      origins: origins.length,
      from: origins[0] ?? 0,
      to: origins.at(-1) ?? 0,
      errors: [...this.#sums].map(([method, sum]) => ({ method, error: sum / this.#layersJudged })),
    };
  }
}

async function printBacktest(judged: Backtest, horizon: number, file: string): Promise<void> {
  const figures = judged.figures();
  if (figures.origins === 0) {
    warn(`${file}: --backtest: there is no origin with a recorded iteration ${horizon} further on; take a shorter --horizon`);
    return;
  }
  const [{ backtestTable }, { paint }] = await Promise.all([import("../report/backtestTable.ts"), import("../report/paint.ts")]);
  process.stderr.write(`${backtestTable(figures, horizon, paint(process.stderr.isTTY, manner().color))}\n`);
}

function rounded(value: number): string {
  return String(Number(value.toPrecision(3)));
}

function parseOrigins(text: string): { readonly from: number; readonly to: number } {
  const [, from, to] = /^(\d{1,15}):(\d{1,15})$/.exec(text) ?? [];
  if (from === undefined || Number(from) > Number(to)) throw new Error("expected FROM:TO with FROM not above TO");
  return { from: Number(from), to: Number(to) };
}
