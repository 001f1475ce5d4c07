/** A bench as a person reads it. */
import type { BenchDocument } from "../formats/documents/bench.ts";
import type { Paint } from "./paint.ts";
import { shownLength, wrapped } from "./screen.ts";
import { type Column, fixed, textTable } from "./table.ts";

type Result = BenchDocument["results"][number];

/** Table of a bench document. */
export function benchTable(document: BenchDocument, paint: Paint, width: number): string {
  const { backend, adapter, software, layer, peak, plan, scaling, results } = document;
  const parts = [
    `${paint.bold("Bench")} ${backend} on ${adapter}${software ? " (software: no GPU)" : ""}`,
    wrapped(`Layer: ${layer}`, width),
  ];
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
  return [...parts, ...resultTables(document, paint, width)].join("\n\n");
}

/** A kernel a row: all of its figures where the screen is wide enough, otherwise the rates first, and then what is behind them. */
function resultTables({ results, peak, scaling }: BenchDocument, paint: Paint, width: number): string[] {
  const ms = (head: string, value: (result: Result) => number | undefined): Cells => [
    { head },
    (result) => (value(result) === undefined ? "" : significant(value(result)!)),
  ];
  const kernel: Cells = [{ head: "kernel", align: "left" }, ({ kernel }) => kernel];
  const size: Cells = [{ head: "size", align: "left" }, ({ size }) => size];
  const median = ms("median ms", ({ medianMs }) => medianMs);
  const spread = [ms("min", ({ minMs }) => minMs), ms("p95", ({ p95Ms }) => p95Ms), ms("CPU ms", ({ cpuMs }) => cpuMs)];
  // What no result has is no column.
  const apart = results.some(({ deviceMs }) => deviceMs !== undefined)
    ? [
        ms("on device", ({ deviceMs }) => deviceMs),
        ms("upload", ({ uploadMs }) => uploadMs),
        ms("readback", ({ readbackMs }) => readbackMs),
      ]
    : [];
  const rates: Cells[] = [
    [{ head: "rate" }, rateText],
    ...(peak ? [[{ head: "of peak" }, (result: Result) => shareOf(result, peak)] as const] : []),
    ms("plain JS ms", ({ plainMedianMs }) => plainMedianMs),
    [{ head: "speedup" }, ({ speedup }) => (speedup < 1 ? paint.yellow : paint.green)(`${significant(speedup)}x`)],
    [{ head: "error" }, ({ error }) => (error === 0 ? "exact" : error.toExponential(0))],
  ];
  const table = (cells: readonly Cells[]) =>
    textTable(
      cells.map(([column]) => column),
      results.map((result) => cells.map(([, text]) => text(result))),
      paint,
    );
  const whole = table([kernel, size, median, ...spread, ...apart, ...rates]);
  const isNarrow = whole.split("\n").some((line) => shownLength(line) > width);
  if (!isNarrow) return [whole];
  const value: Cells = [{ head: scaling ?? "" }, ({ scaled }) => String(scaled ?? "")];
  const head = scaling === undefined ? [kernel] : [kernel, value];
  return [table([...head, median, ...rates]), table([...head, ...spread, ...apart]), table([...head, size])];
}

/** A column, and what stands in it. */
type Cells = readonly [Column, (result: Result) => string];

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
