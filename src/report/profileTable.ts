/** A load profile as a person reads it: how skewed every layer is. */
import { loadStatistics } from "../core/profile/loadStatistics.ts";
import type { LoadProfileDocument } from "../formats/documents/loadProfile.ts";
import type { Paint } from "./paint.ts";
import { bar, fixed, grouped, percent, textTable } from "./table.ts";

const BAR_WIDTH = 12;

/** Statistics of every layer. */
export function profileTable({ experts, window, layers }: LoadProfileDocument, paint: Paint): string {
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
  const iterations = window.from === window.to ? `iteration ${window.from}` : `iterations ${window.from} to ${window.to}`;
  const head = `${paint.bold("Load profile")} ${iterations} (${window.iterations} recorded, ${window.method}): ${layers.length} layers of ${experts} experts`;
  return `${head}\n\n${textTable(columns, rows, paint)}`;
}
