/** A comparison as flat rows, one a plan, and back. */
import { stringify } from "csv-stringify/sync";
import { DISPATCHERS } from "../core/comparison/layerImbalance.ts";
import { InputError, quoteInput } from "../errors.ts";
import { type CsvRow, csvTable } from "./csvTable.ts";
import { type ComparisonDocument, checkComparison } from "./documents/comparison.ts";
import { decimalNumber } from "./units.ts";

const QUANTILES = ["p50", "p90", "p99", "max", "mean"] as const;

type Path = readonly (string | number)[];

/** Columns of what fails as one, and where its figures stand in a plan. */
function unitColumns(unit: string, at: Path): (readonly [string, Path])[] {
  return [
    [`${unit}Survival`, [...at, "survival"]],
    [`${unit}Tolerates`, [...at, "tolerates"]],
    ...[0, 1, 2, 3].map((i) => [`${unit}P${i + 1}`, [...at, "failures", i, "probability"]] as const),
  ];
}

/** Columns of a plan in order, and where their cells stand in it; what a plan lacks is empty. */
const COLUMNS: readonly (readonly [string, Path])[] = [
  ["plan", ["name"]],
  ...["policy", "nodes", "ranks", "slots", "duplicates", "free"].map((name) => [name, [name]] as const),
  ...unitColumns("node", []),
  ["gpuCount", ["byUnit", "gpu", "count"]],
  ...unitColumns("gpu", ["byUnit", "gpu"]),
  ["domainCount", ["byUnit", "domain", "count"]],
  ...unitColumns("domain", ["byUnit", "domain"]),
  ...["even", "evenMean", "optimal", "optimalMean"].map((name) => [name, ["balance", name]] as const),
  ...["steps", "worstLayer"].flatMap((of) => QUANTILES.map((name) => [`${of}_${name}`, [of, name]] as const)),
  ...DISPATCHERS.flatMap((of) => QUANTILES.map((name) => [`${of}Dispatch_${name}`, ["dispatch", of, name]] as const)),
  ...["rank", "node", "domain", "remote"].map((name) => [`traffic_${name}`, ["traffic", name]] as const),
  ...["moved", "bytesMoved", "stepSeconds", "paybackSteps"].map((name) => [name, [name]] as const),
];
const TEXTS: readonly string[] = ["plan", "policy"];
/** What is the same for all plans. */
const COMMON = ["shares", "failureProbability", "from", "to", "iterations", "layers", "experts"] as const;

/** CSV `shares,failureProbability,from,to,iterations,layers,experts,plan,policy,...` in pieces. */
export function* comparisonCsv(document: ComparisonDocument, header: boolean): Generator<string> {
  const { shares, failureProbability, windows, iterations, layers, experts, plans } = document;
  if (header) yield stringify([[...COMMON, ...COLUMNS.map(([name]) => name)]]);
  const common = [shares, failureProbability, windows[0]?.from, windows.at(-1)?.to, iterations, layers, experts];
  yield stringify(plans.map((plan) => [...common, ...COLUMNS.map(([, path]) => valueAt(plan, path))]));
}

/**
 * The comparison in such rows.
 * @throws InputError with the line
 */
export function comparisonFromCsv(text: string, file: string): ComparisonDocument {
  const rows = csvTable(text, file, [...COMMON, ...COLUMNS.map(([name]) => name)], []);
  const first = rows[0];
  if (first === undefined) throw new InputError("there are no rows; expected plans", { file, line: 1 });
  const other = rows.find(({ cells }) => COMMON.some((name) => cells.get(name) !== first.cells.get(name)));
  if (other !== undefined) {
    const message = `this row is of another comparison; expected the same ${COMMON.join(", ")} in a file`;
    throw new InputError(message, { file, line: other.line });
  }
  const common = Object.fromEntries(
    COMMON.map((name) => [name, name === "shares" ? first.cells.get(name) : number(first, name)]),
  );
  const { from, to, iterations, ...terms } = common;
  const plans = rows.map((row) => planIn(row));
  const document = {
    type: "comparison",
    version: 1,
    windows: from === undefined ? [] : [{ from, to }],
    ...(iterations === undefined ? {} : { iterations }),
    ...terms,
    plans,
  };
  return checkComparison(document, file);

  function planIn(row: CsvRow): Record<string, unknown> {
    const plan: Record<string, unknown> = {};
    for (const [name, path] of COLUMNS) {
      const value = TEXTS.includes(name) ? row.cells.get(name) : number(row, name);
      if (value === undefined) continue;
      put(plan, path, value);
      const i = path.indexOf("failures") + 1;
      if (i > 0) put(plan, [...path.slice(0, i + 1), "failed"], (path[i] as number) + 1);
    }
    const { nodes, survival, tolerates, failures } = plan;
    if (plan["byUnit"] !== undefined) put(plan, ["byUnit", "node"], { count: nodes, failures, tolerates, survival });
    return plan;
  }

  function number({ cells, line }: CsvRow, name: string): number | undefined {
    const cell = cells.get(name)!;
    if (cell === "") return undefined;
    const value = decimalNumber(cell);
    if (!Number.isNaN(value)) return value;
    throw new InputError(`${name} is ${quoteInput(cell)}; expected a number: correct the row`, { file, line });
  }
}

type Tree = { [key: string | number]: unknown };

function valueAt(tree: unknown, path: Path): unknown {
  return path.reduce<unknown>((at, key) => (at as Tree | undefined)?.[key], tree);
}

/** Puts a value into nested objects and lists, which it makes where they lack. */
function put(tree: Tree, path: Path, value: unknown): void {
  const [key, next] = [path[0]!, path[1]];
  if (next === undefined) tree[key] = value;
  else {
    tree[key] ??= typeof next === "number" ? [] : {};
    put(tree[key] as Tree, path.slice(1), value);
  }
}
