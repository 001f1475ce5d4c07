/** A bench as a person reads it. */
import type { BenchDocument } from "../formats/documents/bench.ts";
import type { Paint } from "./paint.ts";
import { fixed, textTable } from "./table.ts";

type Result = BenchDocument["results"][number];

/** Table of a bench document. */
export function benchTable(document: BenchDocument, paint: Paint): string {
  const { backend, adapter, software, layer, peak, plan, scaling, results } = document;
  const parts = [`${paint.bold("Bench")} ${backend} on ${adapter}${software ? " (software: no GPU)" : ""}`, `Layer: ${layer}`];
  if (plan) {
    const { layer: busiest, rank, maxOverMean } = plan;
    parts.push(`Tokens of rank ${rank} in layer ${busiest}, the plan's busiest: ${fixed(maxOverMean, 3)} times the mean`);
  }
  if (peak) {
    const { gflops, gigabytesPerSecond } = peak;
    parts.push(
      `By its maker at most ${fixed(gflops / 1000, 1)} TFLOP/s in single precision, ${fixed(gigabytesPerSecond, 0)} GB/s of memory`,
    );
  }
  if (scaling !== undefined) parts.push(scalingTable(scaling, results, paint));
  // What no result has is no column.
  const apart = results.some(({ deviceMs }) => deviceMs !== undefined);
  const columns = [
    { head: "kernel", align: "left" as const },
    { head: "size", align: "left" as const },
    ...["median ms", "min", "p95", "CPU ms", ...(apart ? ["on device", "upload", "readback"] : []), "rate"].map((head) => ({
      head,
    })),
    ...(peak ? [{ head: "of peak" }] : []),
    ...["plain JS ms", "speedup", "error"].map((head) => ({ head })),
  ];
  const rows = results.map((result) => [
    result.kernel,
    result.size,
    ...[result.medianMs, result.minMs, result.p95Ms, result.cpuMs].map(significant),
    ...(apart
      ? [result.deviceMs, result.uploadMs, result.readbackMs].map((ms) => (ms === undefined ? "" : significant(ms)))
      : []),
    rateText(result),
    ...(peak ? [shareOf(result, peak)] : []),
    significant(result.plainMedianMs),
    (result.speedup < 1 ? paint.yellow : paint.green)(`${significant(result.speedup)}x`),
    result.error === 0 ? "exact" : result.error.toExponential(0),
  ]);
  return [...parts, textTable(columns, rows, paint)].join("\n\n");
}

/** Milliseconds and rate of every kernel, a column a size. */
function scalingTable(scaling: string, results: readonly Result[], paint: Paint): string {
  const values = [...new Set(results.flatMap(({ scaled }) => scaled ?? []))].sort((a, b) => a - b);
  const columns = [
    { head: `ms by ${scaling}`, align: "left" as const },
    ...values.flatMap((value) => [{ head: String(value) }, { head: "rate" }]),
  ];
  const kernels = [...new Set(results.map(({ kernel }) => kernel))];
  const rows = kernels.map((kernel) => [
    kernel,
    ...values.flatMap((value) => {
      const found = results.find((result) => result.kernel === kernel && result.scaled === value);
      return found === undefined ? ["", ""] : [significant(found.medianMs), rateText(found)];
    }),
  ]);
  return textTable(columns, rows, paint);
}

function rateText({ gflops, gigabytesPerSecond }: Result): string {
  return gflops === undefined ? `${significant(gigabytesPerSecond ?? 0)} GB/s` : `${significant(gflops)} GFLOP/s`;
}

function shareOf({ gflops, gigabytesPerSecond }: Result, peak: NonNullable<BenchDocument["peak"]>): string {
  const share = gflops === undefined ? (gigabytesPerSecond ?? 0) / peak.gigabytesPerSecond : gflops / peak.gflops;
  return `${significant(100 * share)} %`;
}

/** Three significant digits, without an exponent. */
function significant(value: number): string {
  if (value === 0) return "0";
  const decimals = Math.max(0, 2 - Math.floor(Math.log10(value)));
  return fixed(value, Math.min(6, decimals));
}
