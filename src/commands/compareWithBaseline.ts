/** bench --baseline: says which kernels became slower. */
import { InputError } from "../errors.ts";
import type { BenchDocument } from "../formats/documents/bench.ts";
import { comparedBy, MOST_TOLERANCE, regressions, resultKey, uncertainty } from "../gpu/regressions.ts";
import { complain, warn } from "./warn.ts";

/**
 * Refuses a baseline of another backend or one that says too little, before anything is measured; an adapter that is called
 * otherwise is met with a warning.
 * @throws InputError
 */
export function checkBaseline(
  baseline: BenchDocument,
  file: string,
  opened: Pick<BenchDocument, "backend" | "adapter" | "layer">,
): void {
  const { backend, adapter, layer } = opened;
  if (baseline.backend !== backend) {
    throw new InputError(`the baseline was measured on ${baseline.backend}, this run on ${backend}; choose --backend`, { file });
  }
  if (baseline.layer !== layer) {
    throw new InputError(`the baseline's layer is "${baseline.layer}", this run's "${layer}"; choose --model or --sizes`, {
      file,
    });
  }
  if (baseline.adapter !== adapter) {
    warn(`the baseline was measured on ${baseline.adapter}, this is ${adapter}: ratios need not be the same`);
  }
  const by = comparedBy(baseline);
  for (const result of baseline.results) {
    const varies = uncertainty(result, by);
    if (varies <= MOST_TOLERANCE) continue;
    throw new InputError(
      `the baseline's ${resultKey(result)} is known to ±${Math.round(100 * varies)} % only; measure it again with --repetitions 100, while the machine does little else`,
      { file },
    );
  }
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
  const by = comparedBy(document);
  const slower = regressions(document.results, baseline.results, allowed, by);
  const clock = by === "speedup" ? "" : " by processor time";
  for (const { before, now, least, ...result } of slower) {
    const [was, is, limit] = [before, now, least].map((speedup) => speedup.toPrecision(3));
    complain(
      `${resultKey(result)} is slower, three times in a row: ${was} times plain JavaScript${clock} before, ${is} now, at least ${limit} expected`,
    );
  }
  return slower.length === 0;
}
