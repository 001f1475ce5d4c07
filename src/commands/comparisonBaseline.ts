/** compare --baseline: says which figures of which plans became worse. */
import { worsened } from "../core/comparison/worsened.ts";
import { InputError } from "../errors.ts";
import { comparisonFromCsv } from "../formats/comparisonCsv.ts";
import { wrongKind } from "../formats/csv/documentKind.ts";
import { type ComparisonDocument, checkComparison } from "../formats/documents/comparison.ts";
import { readText } from "../io/input.ts";
import { readJsonOrCsv } from "./readJsonOrCsv.ts";
import { complain, warn } from "./warn.ts";

/** An earlier comparison, JSON or CSV. @throws InputError */
export function readBaseline(file: string): Promise<ComparisonDocument> {
  return readJsonOrCsv(file, {
    json: checkComparison,
    csv: async (input, kind) => {
      if (kind !== undefined && kind !== "comparison") throw wrongKind(kind, "comparison", input.name);
      return comparisonFromCsv(await readText(input), input.name);
    },
  });
}

/**
 * Compares with an earlier comparison; a line on standard error for each figure that is worse than allowed, and each new plan.
 * @param allowed share of a figure by which it may get worse
 * @returns whether all is well
 * @throws InputError when the baseline was made under other terms, or has none of the plans
 */
export function holdsBaseline(
  document: ComparisonDocument,
  baseline: ComparisonDocument,
  file: string,
  allowed: number,
): boolean {
  const { shares, failureProbability } = document;
  for (const [option, then, now] of [
    ["--shares", baseline.shares, shares],
    ["--failure-probability", baseline.failureProbability, failureProbability],
  ] as const) {
    if (then !== now)
      throw new InputError(`the baseline was made with ${option} ${then}, this with ${now}; give ${option} ${then}`, { file });
  }
  const known = new Set(baseline.plans.map(({ name }) => name));
  const fresh = document.plans.filter(({ name }) => !known.has(name));
  if (fresh.length === document.plans.length) {
    throw new InputError(
      `the baseline has none of these plans, but ${[...known].join(", ")}; plans are told apart by their names`,
      { file },
    );
  }
  for (const { name } of fresh) warn(`${name} is not in the baseline, so nothing is held against it`);
  const worse = worsened(document.plans, baseline.plans, shares, allowed);
  for (const { plan, figure, before, now } of worse) {
    complain(
      `${plan} is worse than the baseline: ${figure} ${Number(now.toPrecision(5))}, it was ${Number(before.toPrecision(5))}`,
    );
  }
  return worse.length === 0;
}
