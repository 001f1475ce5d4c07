/** A comparison as flat rows, one a plan. */
import { stringify } from "csv-stringify/sync";
import { FAILURE_UNITS } from "../core/placement/policy.ts";
import type { ComparedPlan, ComparisonDocument } from "./documents/comparison.ts";

const QUANTILES = ["p50", "p90", "p99", "max"] as const;
const BALANCE = ["even", "evenMean", "optimal", "optimalMean"] as const;
const TIERS = ["rank", "node", "domain", "remote"] as const;
const FAILURES = [1, 2, 3, 4];

type Cell = string | number | undefined;

/** Columns in order, and the cell of a plan in each; what a plan lacks is empty. */
const columns: readonly (readonly [string, (plan: ComparedPlan) => Cell])[] = [
  ["plan", ({ name }) => name],
  ...(["policy", "nodes", "ranks", "slots", "duplicates", "free"] as const).map(
    (name) => [name, (plan: ComparedPlan) => plan[name]] as const,
  ),
  ...FAILURE_UNITS.flatMap((unit) => {
    const level = (plan: ComparedPlan) => (unit === "node" ? plan : plan.byUnit?.[unit]);
    const own = (name: string) => `${unit}${name}`;
    return [
      [own("Survival"), (plan: ComparedPlan) => level(plan)?.survival] as const,
      [own("Tolerates"), (plan: ComparedPlan) => level(plan)?.tolerates] as const,
      ...FAILURES.map(
        (failed) => [own(`P${failed}`), (plan: ComparedPlan) => level(plan)?.failures[failed - 1]?.probability] as const,
      ),
    ];
  }),
  ...BALANCE.map((name) => [name, ({ balance }: ComparedPlan) => balance[name]] as const),
  ...QUANTILES.map((name) => [`steps_${name}`, ({ steps }: ComparedPlan) => steps?.[name]] as const),
  ...QUANTILES.map((name) => [`worstLayer_${name}`, ({ worstLayer }: ComparedPlan) => worstLayer?.[name]] as const),
  ...TIERS.map((name) => [`traffic_${name}`, ({ traffic }: ComparedPlan) => traffic?.[name]] as const),
  ...(["moved", "bytesMoved", "stepSeconds", "paybackSteps"] as const).map(
    (name) => [name, (plan: ComparedPlan) => plan[name]] as const,
  ),
];

/** CSV `shares,failureProbability,from,to,iterations,plan,policy,...` in pieces. */
export function* comparisonCsv(document: ComparisonDocument, header: boolean): Generator<string> {
  const { shares, failureProbability, windows, iterations, plans } = document;
  const common = ["shares", "failureProbability", "from", "to", "iterations"];
  if (header) yield stringify([[...common, ...columns.map(([name]) => name)]]);
  const cells = [shares, failureProbability, windows[0]?.from, windows.at(-1)?.to, iterations];
  yield stringify(plans.map((plan) => [...cells, ...columns.map(([, cell]) => cell(plan))]));
}
