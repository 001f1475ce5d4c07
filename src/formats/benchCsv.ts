/** A bench as flat rows, one a kernel. */
import { stringify } from "csv-stringify/sync";
import type { BenchDocument } from "./documents/bench.ts";

const columns = [
  "kernel",
  "size",
  "repetitions",
  "medianMs",
  "minMs",
  "p95Ms",
  "cpuMs",
  "spread",
  "gflops",
  "gigabytesPerSecond",
  "plainMedianMs",
  "plainSpread",
  "speedup",
  "error",
] as const;

/** CSV `backend,adapter,kernel,size,...` in pieces. */
export function* benchCsv({ backend, adapter, results }: BenchDocument, header: boolean): Generator<string> {
  if (header) yield stringify([["backend", "adapter", ...columns]]);
  yield stringify(results.map((result) => [backend, adapter, ...columns.map((column) => result[column] ?? "")]));
}
