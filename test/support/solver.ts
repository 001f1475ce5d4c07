import { loadHighs } from "./highs.ts";

const highs = await loadHighs();

/** Optimum of a linear or mixed-integer program in CPLEX LP format, undefined when it is infeasible. */
export function optimum(program: string): number | undefined {
  const solution = highs.solve(program, { output_flag: false });
  if (solution.Status === "Infeasible") return undefined;
  if (solution.Status !== "Optimal") throw new Error(`HiGHS: ${solution.Status}`);
  return solution.ObjectiveValue;
}

/** "a + b + c", or "0 nothing" for no terms: the format knows no empty sum. */
export function sum(terms: readonly string[]): string {
  return terms.length > 0 ? terms.join(" + ") : "0 nothing";
}
