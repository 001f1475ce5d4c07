/** A bench as a person reads it. */
import type { BenchDocument } from "../formats/documents/bench.ts";
import { type Paint, paint as paintFor } from "./paint.ts";
import { wrapped } from "./screen.ts";
import { fixed, textTable } from "./table.ts";

type Result = BenchDocument["results"][number];

/** A figure of every result. */
interface Figure {
  readonly head: string;
  readonly cell: (result: Result, paint: Paint) => string;
}

/** How wide a table is can be told without colours. */
const UNCOLOURED = paintFor(false);

/** Table of a bench document; in parts below each other where the width does not hold it. */
export function benchTable(document: BenchDocument, paint: Paint, width: number): string {
  const { backend, adapter, software, layer, peak, plan, scaling, results } = document;
  const lines = [`${paint.bold("Bench")} ${backend} on ${adapter}${software ? " (software: no GPU)" : ""}`, `Layer: ${layer}`];
  if (plan) {
    const { layer: busiest, rank, maxOverMean } = plan;
    lines.push(`Tokens of rank ${rank} in layer ${busiest}, the plan's busiest: ${fixed(maxOverMean, 3)} times the mean`);
  }
  if (peak) {
    const { gflops, gigabytesPerSecond } = peak;
    lines.push(
      `By its maker at most ${fixed(gflops / 1000, 1)} TFLOP/s in single precision, ${fixed(gigabytesPerSecond, 0)} GB/s of memory`,
    );
  }
  return [
    ...lines.map((line) => wrapped(line, width)),
    ...(scaling === undefined ? [] : scalingTables(scaling, results, paint, width)),
    ...resultTables(document, paint, width),
  ].join("\n\n");
}

/** All figures of a kernel in a row, or speeds, times and sizes apart. */
function resultTables({ peak, results, scaling }: BenchDocument, paint: Paint, width: number): string[] {
  const { error, median, plain, speedup } = FIGURES;
  // What no result has is no column.
  const apart = results.some(({ deviceMs }) => deviceMs !== undefined);
  const device = apart ? [timeOf("on device", "deviceMs"), timeOf("upload", "uploadMs"), timeOf("readback", "readbackMs")] : [];
  const times = [timeOf("min", "minMs"), timeOf("p95", "p95Ms"), timeOf("CPU ms", "cpuMs"), ...device];
  const rate = [
    { head: "rate", cell: rateText },
    ...(peak ? [{ head: "of peak", cell: (one: Result) => shareOf(one, peak) }] : []),
  ];
  const size = (head: string) => ({ head, cell: (result: Result) => result.size });
  const table = (label: readonly Figure[], figures: readonly Figure[], colours = paint) =>
    textTable(
      [...label.map(({ head }) => ({ head, align: "left" as const })), ...figures.map(({ head }) => ({ head }))],
      results.map((result) => [...label, ...figures].map(({ cell }) => cell(result, colours))),
      colours,
    );
  const kernel = { head: "kernel", cell: (result: Result) => result.kernel };
  const all = [median, ...times, ...rate, plain, speedup, error];
  if (fits(table([kernel, size("size")], all, UNCOLOURED), width)) return [table([kernel, size("size")], all)];
  const scaled = scaling === undefined ? [] : [{ head: scaling, cell: (one: Result) => String(one.scaled ?? "") }];
  return [
    table([kernel, ...scaled], [median, plain, speedup, ...rate, error]),
    table(
      [{ ...kernel, head: "times in ms" }, ...scaled],
      times.map((figure) => ({ ...figure, head: figure.head.replace(" ms", "") })),
    ),
    table([kernel, size("size")], []),
  ];
}

const FIGURES = {
  median: { head: "median ms", cell: ({ medianMs }) => significant(medianMs) },
  plain: { head: "plain JS ms", cell: ({ plainMedianMs }) => significant(plainMedianMs) },
  speedup: {
    head: "speedup",
    cell: ({ speedup }, paint) => (speedup < 1 ? paint.yellow : paint.green)(`${significant(speedup)}x`),
  },
  error: { head: "error", cell: ({ error }) => (error === 0 ? "exact" : error.toExponential(0)) },
} as const satisfies Record<string, Figure>;

function timeOf(head: string, name: "minMs" | "p95Ms" | "cpuMs" | "deviceMs" | "uploadMs" | "readbackMs"): Figure {
  return { head, cell: ({ [name]: ms }) => (ms === undefined ? "" : significant(ms)) };
}

/** Milliseconds and rate of every kernel, a column a size, as many sizes side by side as the width holds. */
function scalingTables(scaling: string, results: readonly Result[], paint: Paint, width: number): string[] {
  const values = [...new Set(results.flatMap(({ scaled }) => scaled ?? []))].sort((a, b) => a - b);
  const tables: string[] = [];
  for (let first = 0; first < values.length; ) {
    let count = values.length - first;
    const table = (colours: Paint) => scalingTable(scaling, values.slice(first, first + count), results, colours);
    while (count > 1 && !fits(table(UNCOLOURED), width)) count--;
    tables.push(table(paint));
    first += count;
  }
  return tables;
}

function scalingTable(scaling: string, values: readonly number[], results: readonly Result[], paint: Paint): string {
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

function fits(table: string, width: number): boolean {
  return table.split("\n").every((line) => line.length <= width);
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
