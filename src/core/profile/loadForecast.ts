/** What loads are expected to be, some iterations after the newest that was recorded. */

/** How loads are forecast; `auto` and `ensemble` are made of the others. */
export const FORECAST_METHODS = ["last", "ema", "holt", "auto", "ensemble"] as const;
export type ForecastMethod = (typeof FORECAST_METHODS)[number];

/** How a layer was forecast, and how far off such forecasts were. */
export interface LayerForecast {
  readonly layer: number;
  /** The forecaster that was taken, with its constants. */
  readonly forecaster: string;
  /** Mean L1 distance of forecast and recorded shares, in [0, 2], over the trailing origins; nothing where none could be judged. */
  readonly error?: number | undefined;
  /** The same of the last value on the same origins. */
  readonly lastError?: number | undefined;
}

/** Tokens of each expert by layer number, shape [layers][experts], whole numbers. */
export interface ForecastLoads {
  readonly layer: number;
  readonly loads: readonly number[];
}

/** A forecast: the loads themselves are those of the profile. */
export interface LoadForecast {
  readonly method: ForecastMethod;
  /** Iterations of the log (not recorded ones) after the window's last that the loads are for. */
  readonly horizon: number;
  /** Origins that `error` is a mean over, the same for all layers unless one had no tokens. */
  readonly origins: number;
  /** Means over the layers. */
  readonly error?: number | undefined;
  readonly lastError?: number | undefined;
  readonly layers: readonly LayerForecast[];
  /** Tokens of each expert between which so large a part of the trailing residuals lay. */
  readonly quantiles?:
    | {
        readonly coverage: number;
        readonly layers: readonly { readonly layer: number; readonly low: readonly number[]; readonly high: readonly number[] }[];
      }
    | undefined;
  /** With `ensemble`: what each of its forecasters expects. */
  readonly scenarios?: readonly { readonly name: string; readonly layers: readonly ForecastLoads[] }[] | undefined;
}

/**
 * The forecast of some layers and experts.
 * @param pick the numbers of the experts that are kept, of a layer's numbers of all experts; nothing for a layer that is left out
 */
export function pickOfForecast(
  forecast: LoadForecast,
  pick: (layer: number, numbers: readonly number[]) => readonly number[] | undefined,
): LoadForecast {
  const kept = forecast.layers.filter(({ layer }) => pick(layer, []) !== undefined);
  const numbers = new Set(kept.map(({ layer }) => layer));
  const picked = (layer: number, all: readonly number[]) => pick(layer, all) ?? [];
  return {
    ...forecast,
    error: meanOf(kept.map(({ error }) => error)),
    lastError: meanOf(kept.map(({ lastError }) => lastError)),
    layers: kept,
    quantiles: forecast.quantiles && {
      ...forecast.quantiles,
      layers: forecast.quantiles.layers
        .filter(({ layer }) => numbers.has(layer))
        .map(({ layer, low, high }) => ({ layer, low: picked(layer, low), high: picked(layer, high) })),
    },
    scenarios: forecast.scenarios?.map(({ name, layers }) => ({
      name,
      layers: layers
        .filter(({ layer }) => numbers.has(layer))
        .map(({ layer, loads }) => ({ layer, loads: picked(layer, loads) })),
    })),
  };
}

/** Mean of the figures that there are. */
export function meanOf(figures: readonly (number | undefined)[]): number | undefined {
  const known = figures.filter((figure) => figure !== undefined);
  return known.length === 0 ? undefined : known.reduce((sum, figure) => sum + figure, 0) / known.length;
}
