/** Plans side by side as a person reads them: one a column, a figure a row, the best marked. */

import { stripVTControlCharacters } from "node:util";
import { DISPATCHERS } from "../core/comparison/layerImbalance.ts";
import { FAILURE_UNITS } from "../core/placement/policy.ts";
import type { ComparedPlan, ComparisonDocument } from "../formats/documents/comparison.ts";
import { comparisonVerdict } from "./comparisonVerdict.ts";
import type { Paint } from "./paint.ts";
import { wrapped } from "./screen.ts";
import { counted, fixed, grouped, percent, textTable } from "./table.ts";

/** A figure of plans. */
interface Figure {
  readonly head: string;
  readonly of: (plan: ComparedPlan) => number | undefined;
  readonly text: (value: number) => string;
  /** Which values are better; neither where none is. */
  readonly better?: "less" | "more";
  /** Whether a plan's is estimated. */
  readonly sampled?: (plan: ComparedPlan) => boolean;
}

/** Plans whose names would be wider than the screen get letters and a legend. */
const WIDEST_FIGURE = "busiest GPU, free shares".length + 2;
const NUMBER = 12;

const QUANTILES = ["p50", "p90", "p99", "max", "mean"] as const;
const WORDS = { p50: "p50", p90: "p90", p99: "p99", max: "worst", mean: "mean" };

const ratio = (value: number) => fixed(value, 4);
const share = (value: number) => percent(value, 2);

/** Table with the verdict on top. */
export function comparisonTable(document: ComparisonDocument, paint: Paint, width: number): string {
  const { plans, shares, windows, iterations, layers, experts, failureProbability } = document;
  const rows = figures(document).flatMap((figure) => {
    const values = plans.map(figure.of);
    if (values.every((value) => value === undefined)) return [];
    const best = bestOf(values, figure);
    return [
      [
        figure.head,
        ...values.map((value, p) => {
          if (value === undefined) return "–  ";
          const text = figure.text(value);
          const mark = figure.sampled?.(plans[p]!) === true ? "~" : "";
          return text === best ? `${mark}${paint.green(text)} *` : `${mark}${text}  `;
        }),
      ],
    ];
  });
  const needed = plans.reduce((sum, { name }) => sum + Math.max(NUMBER, name.length + 4), WIDEST_FIGURE);
  const short = needed <= width;
  const heads = plans.map(({ name }, p) => (short ? name : letter(p)));
  const legend = short ? [] : plans.map(({ name }, p) => `${letter(p)}  ${name}`);
  const of = windows.length === 0 ? "" : `, iterations ${windows[0]!.from} to ${windows.at(-1)!.to}`;
  const replayed = iterations === undefined ? "" : `, ${grouped(iterations)} replayed`;
  const title = `Comparison of ${counted(layers, "layer")} with ${counted(experts, "expert")} under ${shares} shares${of}${replayed}`;
  const columns = [{ head: "", align: "left" as const }, ...heads.map((head) => ({ head: `${head}  ` }))];
  const tables = fitting(columns, rows, paint, width);
  const estimated = rows.some((cells) => cells.some((cell) => cell.startsWith("~")));
  return [
    wrapped(title, width).replace("Comparison", paint.bold("Comparison")),
    ...comparisonVerdict(document).map((sentence) => wrapped(sentence, width)),
    ...(legend.length > 0 ? ["", ...legend] : []),
    "",
    tables.join("\n\n"),
    `* best of the row; survival when each unit fails with ${percent(failureProbability, 1)}`,
    ...(estimated ? ["~ estimated from random failure orders"] : []),
  ].join("\n");
}

/** One table, or several below each other with about as many plans each, where the screen has no room for all. */
function fitting(
  columns: readonly { readonly head: string; readonly align?: "left" }[],
  rows: readonly (readonly string[])[],
  paint: Paint,
  width: number,
): string[] {
  const plans = columns.length - 1;
  for (let count = 1; ; count++) {
    const each = Math.ceil(plans / count);
    const tables = Array.from({ length: Math.ceil(plans / each) }, (_, t) => {
      const part = <T>([head, ...cells]: readonly T[]) => [head!, ...cells.slice(t * each, (t + 1) * each)];
      return textTable(part(columns), rows.map(part), paint);
    });
    const lines = tables.join("\n").split("\n");
    if (each === 1 || lines.every((line) => stripVTControlCharacters(line).length <= width)) return tables;
  }
}

function figures({ plans }: ComparisonDocument): Figure[] {
  const steps = QUANTILES.map(
    (name): Figure => ({
      head: `${WORDS[name]} iteration`,
      of: ({ steps }) => steps?.[name],
      text: ratio,
      better: "less",
    }),
  );
  const worst = (["p50", "max"] as const).map(
    (name): Figure => ({
      head: `  its worst layer, ${name}`,
      of: ({ worstLayer }) => worstLayer?.[name],
      text: ratio,
      better: "less",
    }),
  );
  const dispatch = DISPATCHERS.flatMap((dispatcher) =>
    QUANTILES.map(
      (name, i): Figure => ({
        head: i === 0 ? `${dispatcher} dispatch, ${name}` : `  ${WORDS[name]}`,
        of: (plan) => plan.dispatch?.[dispatcher]?.[name],
        text: ratio,
        better: "less",
      }),
    ),
  );
  const balance = (["even", "optimal"] as const).flatMap((name): Figure[] => {
    const kind = `${name === "even" ? "even" : "free"} shares`;
    return [
      { head: `busiest GPU, ${kind}`, of: ({ balance }) => balance[`${name}Mean`], text: ratio, better: "less" },
      { head: "  worst layer", of: ({ balance }) => balance[name], text: ratio, better: "less" },
    ];
  });
  const tiers = ["rank", "node", "domain", "remote"] as const;
  return [
    { head: "step (s)", of: ({ stepSeconds }) => stepSeconds, text: ratio, better: "less" },
    ...steps,
    ...worst,
    ...dispatch,
    ...balance,
    ...FAILURE_UNITS.flatMap((unit) => unitFigures(unit, plans)),
    ...tiers.flatMap((tier): Figure[] =>
      plans.some(({ traffic }) => (traffic?.[tier] ?? 0) > 0)
        ? [
            {
              head: tier === "remote" ? "tokens sent beyond" : `tokens within ${tier}`,
              of: ({ traffic }) => traffic?.[tier],
              text: share,
            },
          ]
        : [],
    ),
    { head: "slots of a layer", of: ({ slots }) => slots, text: grouped },
    { head: "duplicates on a GPU", of: ({ duplicates }) => duplicates, text: grouped, better: "less" },
    { head: "free slots", of: ({ free }) => free, text: grouped },
    { head: "moved from the first", of: ({ moved }) => moved, text: grouped },
    { head: "GB moved", of: ({ bytesMoved }) => bytesMoved, text: (bytes) => fixed(bytes / 1e9, 1) },
    { head: "steps to pay for them", of: ({ paybackSteps }) => paybackSteps, text: grouped },
  ];
}

function unitFigures(unit: (typeof FAILURE_UNITS)[number], plans: readonly ComparedPlan[]): Figure[] {
  if (unit !== "node" && plans.every((plan) => plan.byUnit?.[unit] === undefined)) return [];
  const level = (plan: ComparedPlan) => (unit === "node" || fallsInWithNodes(plan, unit) ? plan : plan.byUnit?.[unit]);
  const word = unit === "gpu" ? "GPU" : unit;
  const most = Math.max(...plans.map((plan) => level(plan)?.failures.findLastIndex(({ probability }) => probability > 0) ?? 0));
  return [
    {
      head: `survival, ${word}s`,
      of: (plan) => level(plan)?.survival,
      text: share,
      better: "more",
      sampled: (plan) => level(plan)?.survivalInterval !== undefined,
    },
    ...[1, 2, 3, 4].slice(0, most + 1).map(
      (failed): Figure => ({
        head: `  ${failed} failed`,
        of: (plan) => level(plan)?.failures[failed - 1]?.probability,
        text: share,
        better: "more",
        sampled: (plan) => level(plan)?.failures[failed - 1]?.interval !== undefined,
      }),
    ),
  ];
}

/** Whether every GPU, or every domain, of a plan is a node: what survives these then survives those. */
function fallsInWithNodes({ byUnit, ranks, nodes }: ComparedPlan, unit: "gpu" | "domain"): boolean {
  return byUnit?.[unit] === undefined && (unit === "domain" || ranks === nodes);
}

/** The best value as it is written; nothing where all are written alike, or none is better. */
function bestOf(values: readonly (number | undefined)[], { better, text }: Figure): string | undefined {
  const known = values.filter((value) => value !== undefined);
  if (better === undefined || new Set(known.map(text)).size < 2) return undefined;
  return text(better === "less" ? Math.min(...known) : Math.max(...known));
}

function letter(plan: number): string {
  return plan < 26 ? String.fromCharCode(65 + plan) : String(plan + 1);
}
