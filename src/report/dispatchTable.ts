/** A dispatch plan as a person reads it: how even the ranks are, and how much stays at home. */
import { type DispatchSummary, summarizeDispatch } from "../core/dispatch/summary.ts";
import type { DispatchPlan } from "../formats/dispatchPlanText.ts";
import type { DispatchWeightsDocument } from "../formats/dispatchWeights.ts";
import type { Paint } from "./paint.ts";
import { fixed, grouped, percent, textTable } from "./table.ts";

const LARGEST_MATRIX = 16;

/** Tables of a dispatch plan. */
export function dispatchTable(plan: DispatchPlan, paint: Paint): string {
  let first: { layer: number; summary: DispatchSummary } | undefined;
  const rows: string[][] = [];
  for (const { layer, dispatch, deadRanks } of plan.layers) {
    const summary = summarizeDispatch(dispatch, deadRanks);
    first ??= { layer, summary };
    const { load, maxOverMean, localTokens, remoteTokens } = summary;
    const tokens = localTokens + remoteTokens;
    const busiest = load.reduce((best, count, rank) => (count > load[best]! ? rank : best), 0);
    rows.push([
      String(layer),
      grouped(tokens),
      fixed(maxOverMean, 3),
      `${busiest} (${grouped(load[busiest]!)})`,
      percent(tokens === 0 ? 0 : localTokens / tokens),
      grouped(remoteTokens),
    ]);
  }
  const columns = ["layer", "tokens", "max/mean", "busiest rank", "stay local", "sent to others"].map((head) => ({ head }));
  const parts = [`${paint.bold("Dispatch")} ${plan.policy}: ${plan.ranks} ranks`, textTable(columns, rows, paint)];
  if (first && plan.ranks <= LARGEST_MATRIX) parts.push(matrix(first.layer, first.summary, plan.ranks, paint));
  return parts.join("\n\n");
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

/** Weights of every replica, an expert a row. */
export function dispatchWeightsTable({ layers }: DispatchWeightsDocument, paint: Paint): string {
  const rows = layers.flatMap(({ layer, weights }) => {
    const byExpert = new Map<number, string[]>();
    for (const [expert, rank, weight] of weights) {
      byExpert.set(expert, [...(byExpert.get(expert) ?? []), `${rank}: ${percent(weight)}`]);
    }
    return [...byExpert].map(([expert, shares]) => [String(layer), String(expert), shares.join("  ")]);
  });
  return textTable([{ head: "layer" }, { head: "expert" }, { head: "share of each rank's replica", align: "left" }], rows, paint);
}
