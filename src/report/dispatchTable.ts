/** A dispatch plan as a person reads it: how even the ranks are, and how much stays at home. */
import { type DispatchSummary, summarizeDispatch } from "../core/dispatch/summary.ts";
import type { DispatchPlan } from "../formats/dispatchPlanText.ts";
import type { Paint } from "./paint.ts";
import { worstOf, wrapped } from "./screen.ts";
import { counted, fixed, grouped, percent, textTable } from "./table.ts";

const LARGEST_MATRIX = 16;

/** A layer as a row. */
interface Row {
  readonly layer: number;
  readonly tokens: number;
  readonly maxOverMean: number;
  readonly busiest: number;
  readonly load: number;
  readonly local: number;
}

/**
 * Tables of a dispatch plan, the verdict first.
 * @param isChosen whether all its layers are to be shown, as they were chosen
 */
export function dispatchTable(plan: DispatchPlan, paint: Paint, width: number, isChosen: boolean): string {
  let first: { layer: number; summary: DispatchSummary } | undefined;
  const layers: Row[] = [];
  for (const { layer, dispatch, deadRanks } of plan.layers) {
    const summary = summarizeDispatch(dispatch, deadRanks);
    first ??= { layer, summary };
    const { load, maxOverMean, localTokens, remoteTokens } = summary;
    const busiest = load.reduce((best, count, rank) => (count > load[best]! ? rank : best), 0);
    layers.push({ layer, tokens: localTokens + remoteTokens, maxOverMean, busiest, load: load[busiest]!, local: localTokens });
  }
  const { shown, rest } = isChosen ? { shown: layers, rest: [] } : worstOf(layers, ({ maxOverMean }) => maxOverMean);
  const rows = shown.map(({ layer, tokens, maxOverMean, busiest, load, local }) => [
    String(layer),
    grouped(tokens),
    fixed(maxOverMean, 3),
    `${busiest} (${grouped(load)})`,
    percent(tokens === 0 ? 0 : local / tokens),
    grouped(tokens - local),
  ]);
  const columns = ["layer", "tokens", "max/mean", "busiest rank", "stay local", "sent to others"].map((head) => ({ head }));
  const parts = [
    `${paint.bold("Dispatch")} ${plan.policy}: ${counted(plan.ranks, "rank")}${layers.length > 1 ? `, ${layers.length} layers` : ""}\n${verdict(layers, width)}`,
    `${textTable(columns, rows, paint)}${restText(layers, rest, width)}`,
  ];
  if (first && plan.ranks <= LARGEST_MATRIX) {
    const table = matrix(first.layer, first.summary, plan.ranks, paint);
    if (table.split("\n").every((line) => line.length <= width || paint.level > 0)) parts.push(table);
  }
  return parts.join("\n\n");
}

/** How even the ranks are, and what stays at home. */
function verdict(layers: readonly Row[], width: number): string {
  const [first] = layers;
  if (first === undefined) return "No layer";
  const worst = layers.reduce((most, row) => (row.maxOverMean > most.maxOverMean ? row : most), first);
  const mean = layers.reduce((sum, { maxOverMean }) => sum + maxOverMean, 0) / layers.length;
  const [tokens, local] = (["tokens", "local"] as const).map((of) => layers.reduce((sum, row) => sum + row[of], 0)) as [
    number,
    number,
  ];
  const even =
    layers.length === 1
      ? `Even: the busiest rank has ${fixed(mean, 3)} times the mean`
      : `Even: the busiest rank has ${fixed(mean, 3)} times the mean in the mean layer, ${fixed(worst.maxOverMean, 3)} in the worst (${worst.layer})`;
  return wrapped(`${even}; ${percent(tokens === 0 ? 0 : local / tokens)} of the tokens stay on their rank`, width);
}

function restText(layers: readonly Row[], rest: readonly Row[], width: number): string {
  if (rest.length === 0) return "";
  const worst = Math.max(...rest.map(({ maxOverMean }) => maxOverMean));
  const all = layers.map(({ layer }) => layer);
  const text = `The other ${rest.length} layers: at most ${fixed(worst, 3)}; --layers ${Math.min(...all)}-${Math.max(...all)} shows them`;
  return `\n${wrapped(text, width)}`;
}

/** Tokens from every rank (row) to every rank (column) in one layer. */
function matrix(layer: number, summary: DispatchSummary, ranks: number, paint: Paint): string {
  const ids = Array.from({ length: ranks }, (_, rank) => rank);
  const rows = ids.map((source) => [
    `from ${source}`,
    ...ids.map((target) => {
      const text = String(summary.sent[source * ranks + target]!);
      return source === target ? paint.green(text) : text;
    }),
  ]);
  rows.push([paint.bold("load"), ...ids.map((rank) => paint.bold(String(summary.load[rank])))]);
  const columns = [{ head: `layer ${layer}`, align: "left" as const }, ...ids.map((rank) => ({ head: `to ${rank}` }))];
  return textTable(columns, rows, paint);
}
