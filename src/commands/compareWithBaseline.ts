/** bench --baseline: says which kernels became slower. */
import { InputError } from "../errors.ts";
import type { BenchDocument } from "../formats/documents/bench.ts";
import { regressions, resultKey } from "../gpu/regressions.ts";
import { complain, warn } from "./warn.ts";

/** Refuses a baseline of another backend, before anything is measured. @throws InputError */
export function checkBaselineBackend({ backend }: BenchDocument, file: string, name: string): void {
  if (backend === name) return;
  throw new InputError(`the baseline was measured on ${backend}, this run on ${name}; choose --backend`, { file });
}

/**
 * Compares with an earlier bench; a line on standard error for each kernel that is slower or was not measured then.
 * @param allowed share of the speedup that may be lost
 * @returns whether all is well
 * @throws InputError when the baseline has none of the kernels at these sizes
 */
export function compareWithBaseline(document: BenchDocument, baseline: BenchDocument, file: string, allowed: number): boolean {
  const known = new Set(baseline.results.map(resultKey));
  const fresh = document.results.filter((result) => !known.has(resultKey(result)));
  if (fresh.length === document.results.length) {
    throw new InputError("the baseline has none of these kernels at these sizes; measure it with the same options", { file });
  }
  for (const result of fresh) warn(`${resultKey(result)} is not in the baseline, so nothing is compared`);
  const slower = regressions(document.results, baseline.results, allowed);
  for (const { before, now, least, ...result } of slower) {
    const [was, is, limit] = [before, now, least].map((speedup) => speedup.toPrecision(3));
    complain(`${resultKey(result)} is slower: ${was} times plain JavaScript before, ${is} now, at least ${limit} expected`);
  }
  return slower.length === 0;
}
