/** The paper's numbers beside ours. */
import type { Paint } from "../../report/paint.ts";
import { fixed, textTable } from "../../report/table.ts";
import type { Comparison } from "./figure.ts";

/** One row a number: figure, the paper's, ours, their ratio, how it came about, and the verdict. */
export function comparisonTable(comparisons: readonly Comparison[], paint: Paint): string {
  const rows = comparisons.map((comparison) => {
    const { figure, what, paper, ours, basis, tolerance, remark } = comparison;
    const verdict = verdictOf(comparison);
    return [
      figure,
      what,
      paper === undefined ? "" : number(paper),
      number(ours),
      paper === undefined ? "" : fixed(ours / paper, 3),
      basis,
      tolerance === undefined ? "" : `${fixed(tolerance * 100, 0)} %`,
      verdict === "miss" ? paint.red(verdict) : paint.green(verdict),
      remark ?? "",
    ];
  });
  const left = { align: "left" as const };
  const columns = [
    { head: "figure", ...left },
    { head: "number", ...left },
    { head: "paper" },
    { head: "ours" },
    { head: "ratio" },
    { head: "basis", ...left },
    { head: "tolerance" },
    { head: "verdict", ...left },
    { head: "remark", ...left },
  ];
  return textTable(columns, rows, paint);
}

/** How many numbers of the paper come out, those that constants were chosen for apart from those that follow. */
export function comparisonTally(comparisons: readonly Comparison[]): string {
  const parts = (["fitted", "predicted"] as const).map((basis) => {
    const judged = comparisons.filter((one) => one.basis === basis && verdictOf(one) !== "");
    const misses = judged.filter((one) => verdictOf(one) === "miss");
    const missed = misses.length === 0 ? "" : `, misses: ${misses.map(({ figure, what }) => `${figure} ${what}`).join("; ")}`;
    return `${basis}: ${judged.length - misses.length} of ${judged.length} within${missed}`;
  });
  return parts.join("\n");
}

function verdictOf({ paper, ours, tolerance }: Comparison): string {
  if (paper === undefined || tolerance === undefined) return "";
  return Math.abs(ours / paper - 1) <= tolerance ? "within" : "miss";
}

function number(value: number): string {
  return value >= 1000 ? fixed(value, 0) : fixed(value, value >= 10 ? 1 : 2);
}
