/** Weights of replicas as a person reads them: what is to be shared at all, then the experts on the most ranks. */
import type { DispatchWeightsDocument } from "../formats/dispatchWeights.ts";
import type { Paint } from "./paint.ts";
import { worstOf, wrapped } from "./screen.ts";
import { counted, grouped, percent, textTable } from "./table.ts";

/** Heads of the columns; what is left of a screen is for the shares. */
const HEADS = ["layer", "expert", "ranks", "the share that each rank takes"] as const;

/**
 * An expert a row.
 * @param isChosen whether all of its layers are to be shown, as they were chosen
 */
export function weightsTable({ ranks, layers }: DispatchWeightsDocument, paint: Paint, width: number, isChosen: boolean): string {
  const experts = layers.flatMap(({ layer, weights }) => {
    const byExpert = new Map<number, string[]>();
    for (const [expert, rank, weight] of weights) {
      byExpert.set(expert, [...(byExpert.get(expert) ?? []), `${rank}: ${percent(weight)}`]);
    }
    return [...byExpert].map(([expert, shares]) => ({ layer, expert, shares }));
  });
  const shared = experts.filter(({ shares }) => shares.length > 1).length;
  const head = `${paint.bold("Weights")} of replicas: ${counted(ranks, "rank")}, ${counted(layers.length, "layer")}`;
  const verdict = `${grouped(shared)} of ${counted(experts.length, "expert")} are on several ranks${shared < experts.length ? "; the others need no weight" : ""}`;
  const { shown, rest } = isChosen ? { shown: experts, rest: [] } : worstOf(experts, ({ shares }) => shares.length);
  const left = width - HEADS.slice(0, 3).reduce((sum, { length }) => sum + length + 2, 0);
  const rows = shown.map(({ layer, expert, shares }) => [
    String(layer),
    String(expert),
    String(shares.length),
    sharesText(shares, left),
  ]);
  const columns = HEADS.map((name, i) => ({ head: name, align: i === 3 ? ("left" as const) : ("right" as const) }));
  const most = rest.reduce((longest, { shares }) => Math.max(longest, shares.length), 0);
  const more = `The other ${counted(rest.length, "expert")}: on at most ${counted(most, "rank")}; --layers ${layers[0]?.layer} shows a layer, --format csv lists all`;
  const table = textTable(columns, rows, paint);
  return `${head}\n${wrapped(verdict, width)}\n\n${table}${rest.length === 0 ? "" : `\n${wrapped(more, width)}`}`;
}

/** Shares in lines of at most so many characters. */
function sharesText(shares: readonly string[], width: number): string {
  const lines: string[] = [];
  for (const share of shares) {
    const longer = `${lines.at(-1)}  ${share}`;
    if (lines.length > 0 && longer.length <= width) lines[lines.length - 1] = longer;
    else lines.push(share);
  }
  return lines.join("\n");
}
