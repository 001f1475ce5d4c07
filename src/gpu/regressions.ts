/** Kernels that became slower than a baseline says. */
import type { BenchResult } from "./benchmark.ts";

/** By which clock two benches are compared. */
export type ComparedBy = "speedup" | "cpuSpeedup";

/** What of a result is compared: machines differ, so only ratios to plain JavaScript of the same run are. */
export type ComparedResult = Pick<BenchResult, "kernel" | "size" | ComparedBy | `${ComparedBy}${"Low" | "High"}`>;

/** A kernel whose speedup fell by more than is allowed. */
export interface Regression {
  readonly kernel: string;
  readonly size: string;
  readonly before: number;
  readonly now: number;
  /** Least speedup that would have passed. */
  readonly least: number;
}

/** However widely measurements vary, no more than this is put down to it; a baseline that varies more is none. */
export const MOST_TOLERANCE = 0.1;
/** How often a suspect is measured again before it fails. */
const SECOND_LOOKS = 2;

/**
 * Processors are compared by processor time, which the rest of the machine hardly moves; only a real GPU's work is not in it.
 * @param software whether the adapter is a processor
 */
export function comparedBy({ backend, software }: { readonly backend: string; readonly software: boolean }): ComparedBy {
  return (backend === "webgpu" || backend === "headlessgl") && !software ? "speedup" : "cpuSpeedup";
}

/** Kernel and size, which a result and its baseline share. */
export function resultKey({ kernel, size }: Pick<ComparedResult, "kernel" | "size">): string {
  return `${kernel} (${size})`;
}

/** Half of the interval of a result's speedup, over the speedup. */
export function uncertainty(result: ComparedResult, by: ComparedBy): number {
  return (result[`${by}High`] - result[`${by}Low`]) / 2 / result[by];
}

/**
 * Compares results with those of a baseline that have the same kernel and size.
 * @param allowed share of the speedup that may be lost, beside the uncertainty of both runs, at most MOST_TOLERANCE of it
 */
export function regressions(
  results: readonly ComparedResult[],
  baseline: readonly ComparedResult[],
  allowed: number,
  by: ComparedBy,
): Regression[] {
  const before = new Map(baseline.map((result) => [resultKey(result), result]));
  return results.flatMap((result) => {
    const old = before.get(resultKey(result));
    if (old === undefined) return [];
    const tolerance = Math.min(MOST_TOLERANCE, Math.hypot(uncertainty(result, by), uncertainty(old, by)));
    const least = (old[by] * (1 - allowed)) / (1 + tolerance);
    if (result[by] >= least) return [];
    return [{ kernel: result.kernel, size: result.size, before: old[by], now: result[by], least }];
  });
}

/**
 * Measures suspects again: what is slow by accident is not slow three times.
 * @param measure measures a kernel anew
 * @returns the results, with the best of each suspect's
 */
export async function secondLooks<Result extends ComparedResult>(
  results: readonly Result[],
  baseline: readonly ComparedResult[],
  allowed: number,
  by: ComparedBy,
  measure: (suspect: Regression) => Promise<Result>,
): Promise<Result[]> {
  const best = [...results];
  for (let look = 0; look < SECOND_LOOKS; look++) {
    for (const suspect of regressions(best, baseline, allowed, by)) {
      const at = best.findIndex((result) => resultKey(result) === resultKey(suspect));
      const again = await measure(suspect);
      if (again[by] > best[at]![by]) best[at] = again;
    }
  }
  return best;
}
