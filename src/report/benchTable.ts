/** A bench as a person reads it. */
import type { BenchDocument } from "../formats/documents/bench.ts";
import type { Paint } from "./paint.ts";
import { fixed, textTable } from "./table.ts";

/** Table of a bench document. */
export function benchTable({ backend, adapter, software, layer, plan, results }: BenchDocument, paint: Paint): string {
  const parts = [`${paint.bold("Bench")} ${backend} on ${adapter}${software ? " (software: no GPU)" : ""}`];
  parts.push(`Layer: ${layer}`);
  if (plan) {
    const { layer, rank, maxOverMean } = plan;
    parts.push(`Tokens of rank ${rank} in layer ${layer}, the plan's busiest: ${fixed(maxOverMean, 3)} times the mean`);
  }
  const columns = [
    { head: "kernel", align: "left" as const },
    { head: "size", align: "left" as const },
    ...["median ms", "min", "p95", "CPU ms", "rate", "plain JS ms", "speedup", "error"].map((head) => ({ head })),
  ];
  const rows = results.map((result) => [
    result.kernel,
    result.size,
    significant(result.medianMs),
    significant(result.minMs),
    significant(result.p95Ms),
    significant(result.cpuMs),
    result.gflops === undefined ? `${significant(result.gigabytesPerSecond ?? 0)} GB/s` : `${significant(result.gflops)} GFLOP/s`,
    significant(result.plainMedianMs),
    (result.speedup < 1 ? paint.yellow : paint.green)(`${significant(result.speedup)}x`),
    result.error === 0 ? "exact" : result.error.toExponential(0),
  ]);
  return [...parts, textTable(columns, rows, paint)].join("\n\n");
}

/** Three significant digits, without an exponent. */
function significant(value: number): string {
  if (value === 0) return "0";
  const decimals = Math.max(0, 2 - Math.floor(Math.log10(value)));
  return fixed(value, Math.min(6, decimals));
}
