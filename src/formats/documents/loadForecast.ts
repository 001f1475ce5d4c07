/** The forecast in a load-profile: how it was made, and how far off such forecasts were. */
import * as z from "zod/mini";
import { FORECAST_METHODS, type LoadForecast } from "../../core/profile/loadForecast.ts";
import type { LoadProfile } from "../../core/profile/loadProfile.ts";
import { amount, count, label, positiveCount, probability, wholeNumbers } from "./schema.ts";

const tokens = wholeNumbers(0, "whole numbers of tokens, none negative");

export const loadForecastSchema = z.object({
  method: z.enum(FORECAST_METHODS),
  /** Iterations of the log (not recorded ones) after the window that the loads are for. */
  horizon: positiveCount,
  /** Trailing origins that the errors are of. */
  origins: count,
  /** Mean L1 distance of the shares, in [0, 2], and that of the last value on the same origins; absent where no origin could be judged. */
  error: z.optional(amount),
  lastError: z.optional(amount),
  layers: z.array(z.object({ layer: count, forecaster: label, error: z.optional(amount), lastError: z.optional(amount) })),
  /** Tokens between which the middle part of the trailing residuals lies. */
  quantiles: z.optional(
    z.object({ coverage: probability, layers: z.array(z.object({ layer: count, low: tokens, high: tokens })) }),
  ),
  /** With method ensemble: the loads that each of its forecasters expects. */
  scenarios: z.optional(z.array(z.object({ name: label, layers: z.array(z.object({ layer: count, loads: tokens })) }))),
});

/** What is wrong with the tables of a forecast, which are those of the profile's layers and experts; nothing when all is well. */
export function forecastFault({
  experts,
  layers,
  forecast,
}: Pick<LoadProfile, "experts" | "layers" | "forecast">): string | undefined {
  if (forecast === undefined) return undefined;
  const tables = [
    ...(forecast.quantiles?.layers ?? []).flatMap(({ layer, low, high }) => [
      { at: "quantiles", layer, loads: low },
      { at: "quantiles", layer, loads: high },
    ]),
    ...(forecast.scenarios ?? []).flatMap((scenario, s) => scenario.layers.map((table) => ({ ...table, at: `scenarios[${s}]` }))),
  ];
  const short = tables.find(({ loads }) => loads.length !== experts);
  if (short !== undefined)
    return `forecast.${short.at}: layer ${short.layer}: expected ${experts} numbers, one an expert, got ${short.loads.length}`;
  for (const [s, scenario] of (forecast.scenarios ?? []).entries()) {
    const present = new Set(scenario.layers.map(({ layer }) => layer));
    const missing = layers.find(({ layer }) => !present.has(layer));
    if (missing !== undefined)
      return `forecast.scenarios[${s}]: layer ${missing.layer} is missing; expected the layers of the profile`;
  }
  return undefined;
}

/** The document's part. */
export function loadForecastDocument(forecast: LoadForecast): z.infer<typeof loadForecastSchema> {
  const { error, lastError, quantiles, scenarios, layers, method, horizon, origins } = forecast;
  return {
    method,
    horizon,
    origins,
    ...known({ error, lastError }),
    layers: layers.map((layer) => ({ layer: layer.layer, forecaster: layer.forecaster, ...known(layer) })),
    ...(quantiles && {
      quantiles: {
        coverage: quantiles.coverage,
        layers: quantiles.layers.map(({ layer, low, high }) => ({ layer, low: [...low], high: [...high] })),
      },
    }),
    ...(scenarios && {
      scenarios: scenarios.map((scenario) => ({
        name: scenario.name,
        layers: scenario.layers.map(({ layer, loads }) => ({ layer, loads: [...loads] })),
      })),
    }),
  };
}

function known({ error, lastError }: Pick<LoadForecast, "error" | "lastError">) {
  return { ...(error !== undefined && { error }), ...(lastError !== undefined && { lastError }) };
}
