/** A bench as flat rows, one a kernel, and back. */
import { stringify } from "csv-stringify/sync";
import { InputError, quoteInput } from "../errors.ts";
import { csvTable } from "./csvTable.ts";
import { type BenchDocument, checkBench } from "./documents/bench.ts";
import { decimalNumber } from "./units.ts";

const COLUMNS = [
  "kernel",
  "size",
  "scaled",
  "repetitions",
  "medianMs",
  "minMs",
  "p95Ms",
  "cpuMs",
  "spread",
  "deviceMs",
  "uploadMs",
  "readbackMs",
  "gflops",
  "gigabytesPerSecond",
  "plainMedianMs",
  "speedup",
  "speedupLow",
  "speedupHigh",
  "cpuSpeedup",
  "cpuSpeedupLow",
  "cpuSpeedupHigh",
  "error",
] as const;
/** Columns that may be empty. */
const SOMETIMES: readonly string[] = ["scaled", "deviceMs", "uploadMs", "readbackMs", "gflops", "gigabytesPerSecond"];
/** What is the same for all kernels, beside the two columns in front. */
const COMMON = [
  "software",
  "seed",
  "layer",
  "scaling",
  "peakGflops",
  "peakGigabytesPerSecond",
  "planLayer",
  "planRank",
  "planMaxOverMean",
] as const;

/** CSV `backend,adapter,kernel,size,...` in pieces. */
export function* benchCsv(
  { backend, adapter, software, seed, layer, scaling, peak, plan, results }: BenchDocument,
  header: boolean,
): Generator<string> {
  if (header) yield stringify([["backend", "adapter", ...COLUMNS, ...COMMON]]);
  const common = [
    String(software),
    seed,
    layer,
    scaling,
    peak?.gflops,
    peak?.gigabytesPerSecond,
    plan?.layer,
    plan?.rank,
    plan?.maxOverMean,
  ];
  yield stringify(results.map((result) => [backend, adapter, ...COLUMNS.map((column) => result[column] ?? ""), ...common]));
}

/**
 * The bench in such rows.
 * @throws InputError with the line
 */
export function benchFromCsv(text: string, file: string): BenchDocument {
  const rows = csvTable(text, file, ["backend", "adapter", ...COLUMNS, ...COMMON], []);
  const first = rows[0];
  if (first === undefined) throw new InputError("there are no rows; expected kernels", { file, line: 1 });
  const header = ({ cells }: typeof first) => ["backend", "adapter", ...COMMON].map((name) => cells.get(name)!);
  const other = rows.find((row) => header(row).join("\n") !== header(first).join("\n"));
  if (other !== undefined) {
    throw new InputError("this row is of another bench; expected one backend, adapter, seed and plan in a file", {
      file,
      line: other.line,
    });
  }
  const results = rows.map((row) => ({
    ...Object.fromEntries(
      COLUMNS.flatMap((name): [string, string | number][] => {
        const text = row.cells.get(name)!;
        if (name === "kernel" || name === "size") return [[name, text]];
        return text === "" && SOMETIMES.includes(name) ? [] : [[name, numberIn(row, name)]];
      }),
    ),
    checked: true,
  }));
  const software = first.cells.get("software");
  const hasPlan = COMMON.slice(6).some((name) => first.cells.get(name) !== "");
  const plan = () => ({
    plan: {
      layer: numberIn(first, "planLayer"),
      rank: numberIn(first, "planRank"),
      maxOverMean: numberIn(first, "planMaxOverMean"),
    },
  });
  const peak = () => ({
    gflops: numberIn(first, "peakGflops"),
    gigabytesPerSecond: numberIn(first, "peakGigabytesPerSecond"),
  });
  const document = {
    type: "bench",
    version: 1,
    backend: first.cells.get("backend"),
    adapter: first.cells.get("adapter"),
    software: software === "true" ? true : software === "false" ? false : software,
    seed: numberIn(first, "seed"),
    layer: first.cells.get("layer"),
    ...(first.cells.get("scaling") === "" ? {} : { scaling: first.cells.get("scaling") }),
    ...(first.cells.get("peakGflops") === "" ? {} : { peak: peak() }),
    ...(hasPlan ? plan() : {}),
    results,
  };
  return checkBench(document, file);

  function numberIn({ cells, line }: NonNullable<typeof first>, name: string): number {
    const value = decimalNumber(cells.get(name)!);
    if (!Number.isNaN(value)) return value;
    throw new InputError(`${name} is ${quoteInput(cells.get(name)!)}; expected a number: correct the row`, { file, line });
  }
}
