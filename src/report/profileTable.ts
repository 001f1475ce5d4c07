/** A load profile as a person reads it: how skewed every layer is. */
import { loadStatistics } from "../core/profile/loadStatistics.ts";
import type { LoadProfileDocument } from "../formats/documents/loadProfile.ts";
import type { Paint } from "./paint.ts";
import { worstOf, wrapped } from "./screen.ts";
import { bar, counted, fixed, grouped, percent, textTable } from "./table.ts";

const BAR_WIDTH = 12;

/**
 * Statistics of layers, a verdict first.
 * @param isChosen whether all layers are to be shown, as they were chosen
 */
export function profileTable(document: LoadProfileDocument, paint: Paint, width: number, isChosen: boolean): string {
  const { experts, window, layers, forecast } = document;
  const all = layers.map(({ layer, loads }) => ({ layer, statistics: loadStatistics(loads) }));
  const { shown, rest } = isChosen ? { shown: all, rest: [] } : worstOf(all, ({ statistics }) => statistics.maxOverMean);
  const rows = shown.map(({ layer, statistics }) => {
    const { tokens, maxOverMean, balancedness, top2Share } = statistics;
    return [
      String(layer),
      grouped(tokens),
      fixed(maxOverMean, 2),
      fixed(balancedness, 3),
      percent(top2Share),
      paint.yellow(bar(top2Share, BAR_WIDTH)),
      fixed(statistics.coefficientOfVariation, 2),
      fixed(statistics.normalizedEntropy, 3),
    ];
  });
  const columns = [
    { head: "layer" },
    { head: "tokens" },
    { head: "max/mean" },
    { head: "balancedness" },
    { head: "top-2 share" },
    { head: "", align: "left" as const },
    { head: "CV" },
    { head: "entropy" },
  ];
  const table = `${textTable(columns, rows, paint)}${restText(all, rest, width)}`;
  if (forecast !== undefined) {
    const expected = `${paint.bold("Load forecast")} ${forecast.horizon} iterations after ${window.to} (${forecast.method}, from ${window.iterations} recorded): ${counted(layers.length, "layer")} of ${counted(experts, "expert")}`;
    return [`${wrapped(expected, width)}\n${forecastText(forecast, width)}\n${skew(all, width)}`, table].join("\n\n");
  }
  const iterations = window.from === window.to ? `iteration ${window.from}` : `iterations ${window.from} to ${window.to}`;
  const head = `${paint.bold("Load profile")} ${iterations} (${window.iterations} recorded, ${window.method}): ${counted(layers.length, "layer")} of ${counted(experts, "expert")}`;
  return [`${wrapped(head, width)}\n${skew(all, width)}`, table].join("\n\n");
}

type LayerStatistics = { readonly layer: number; readonly statistics: ReturnType<typeof loadStatistics> };

/** How uneven experts are: why replicas are worth their slots. */
function skew(layers: readonly LayerStatistics[], width: number): string {
  const [first] = layers;
  if (first === undefined) return "No layer";
  const worst = layers.reduce((most, one) => (one.statistics.maxOverMean > most.statistics.maxOverMean ? one : most), first);
  const mean = layers.reduce((sum, { statistics }) => sum + statistics.maxOverMean, 0) / layers.length;
  const text =
    layers.length === 1
      ? `The hottest expert has ${fixed(mean, 1)} times the mean load`
      : `The hottest expert of a layer has ${fixed(mean, 1)} times the mean load on average, ${fixed(worst.statistics.maxOverMean, 1)} times in layer ${worst.layer}`;
  return wrapped(text, width);
}

function restText(all: readonly LayerStatistics[], rest: readonly LayerStatistics[], width: number): string {
  if (rest.length === 0) return "";
  const most = Math.max(...rest.map(({ statistics }) => statistics.maxOverMean));
  const numbers = all.map(({ layer }) => layer);
  const range = `${Math.min(...numbers)}-${Math.max(...numbers)}`;
  return `\n${wrapped(`The other ${rest.length} layers: max/mean at most ${fixed(most, 2)}; --layers ${range} shows them`, width)}`;
}

/** How far to trust a forecast. */
function forecastText(
  { error, lastError, origins, layers, scenarios }: NonNullable<LoadProfileDocument["forecast"]>,
  width: number,
): string {
  const taken = new Map<string, number>();
  for (const { forecaster } of layers) taken.set(forecaster, (taken.get(forecaster) ?? 0) + 1);
  const by =
    scenarios === undefined
      ? [...taken].map(([name, count]) => `${name}${taken.size > 1 ? ` (${count} layers)` : ""}`).join(", ")
      : `${scenarios.length} forecasters`;
  const far =
    error === undefined || lastError === undefined
      ? "how far off is unknown: no such forecast could be judged yet"
      : `off by ${fixed(error, 4)} in L1 distance of shares over the last ${origins} origins, the last value by ${fixed(lastError, 4)}`;
  return wrapped(`By ${by}; ${far}`, width);
}
