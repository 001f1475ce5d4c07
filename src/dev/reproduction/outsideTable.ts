/** Checks from outside the paper as a table, and their verdicts. */
import type { Paint } from "../../report/paint.ts";
import { fixed, textTable } from "../../report/table.ts";
import { number, type OutsideCheck } from "./outsideChecks.ts";

const bounds = new Map<OutsideCheck["tolerance"], string>([
  ["at least", ">= "],
  ["at most", "<= "],
]);

/** One row a check. */
export function outsideTable(checks: readonly OutsideCheck[], paint: Paint): string {
  const rows = checks.map((check) => {
    const { source, what, theirs, ours, basis, tolerance, remark } = check;
    const isWithin = isMet(check);
    return [
      source,
      what,
      `${bounds.get(tolerance) ?? ""}${number(theirs)}`,
      number(ours),
      basis,
      typeof tolerance === "string" ? "" : `${fixed(100 * tolerance, 0)} %`,
      isWithin ? paint.green("within") : paint.red("miss"),
      remark,
    ];
  });
  const left = { align: "left" as const };
  const heads = [{ head: "source", ...left }, { head: "figure", ...left }, { head: "theirs" }, { head: "ours" }];
  const columns = [
    ...heads,
    { head: "basis", ...left },
    { head: "tolerance" },
    { head: "verdict", ...left },
    { head: "remark", ...left },
  ];
  return textTable(columns, rows, paint);
}

/** Whether ours is as close as it has to be. */
export function isMet({ theirs, ours, tolerance }: OutsideCheck): boolean {
  if (tolerance === "at most") return ours <= theirs;
  return tolerance === "at least" ? ours >= theirs : Math.abs(ours / theirs - 1) <= tolerance;
}
