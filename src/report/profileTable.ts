/** A load profile as a person reads it: how skewed every layer is. */
import { loadStatistics } from "../core/profile/loadStatistics.ts";
import type { LoadProfileDocument } from "../formats/documents/loadProfile.ts";
import type { Paint } from "./paint.ts";
import { bar, fixed, grouped, percent, textTable } from "./table.ts";

const BAR_WIDTH = 12;

/** Statistics of every layer. */
export function profileTable({ experts, window, layers, forecast }: LoadProfileDocument, paint: Paint): string {
  const rows = layers.map(({ layer, loads }) => {
    const statistics = loadStatistics(loads);
    const { tokens, maxOverMean, imbalanceRatio, balancedness, top2Share } = statistics;
    return [
      String(layer),
      grouped(tokens),
      fixed(maxOverMean, 2),
      fixed(imbalanceRatio, 2),
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
    { head: "imbalance" },
    { head: "balancedness" },
    { head: "top-2 share" },
    { head: "", align: "left" as const },
    { head: "CV" },
    { head: "entropy" },
  ];
  if (forecast !== undefined) {
    const expected = `${paint.bold("Load forecast")} ${forecast.horizon} iterations after ${window.to} (${forecast.method}, from ${window.iterations} recorded): ${layers.length} layers of ${experts} experts`;
    return `${expected}\n${forecastText(forecast)}\n\n${textTable(columns, rows, paint)}`;
  }
  const iterations = window.from === window.to ? `iteration ${window.from}` : `iterations ${window.from} to ${window.to}`;
  const head = `${paint.bold("Load profile")} ${iterations} (${window.iterations} recorded, ${window.method}): ${layers.length} layers of ${experts} experts`;
  return `${head}\n\n${textTable(columns, rows, paint)}`;
}

/** How far to trust a forecast. */
function forecastText({ error, lastError, origins, layers, scenarios }: NonNullable<LoadProfileDocument["forecast"]>): string {
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
  return `By ${by};\n${far}`;
}
