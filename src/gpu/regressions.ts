/** Kernels that became slower than a baseline says. */
import type { BenchResult } from "./benchmark.ts";

/** What of a result is compared: machines differ, so only ratios to plain JavaScript of the same run are. */
export type ComparedResult = Pick<BenchResult, "kernel" | "size" | "speedup" | "spread" | "plainSpread">;

/** A kernel whose speedup fell by more than is allowed. */
export interface Regression {
  readonly kernel: string;
  readonly size: string;
  readonly before: number;
  readonly now: number;
  /** Least speedup that would have passed. */
  readonly least: number;
}

/** Kernel and size, which a result and its baseline share. */
export function resultKey({ kernel, size }: Pick<ComparedResult, "kernel" | "size">): string {
  return `${kernel} (${size})`;
}

/**
 * Compares results with those of a baseline that have the same kernel and size.
 * @param allowed share of the speedup that may be lost, beside the spread of both runs
 */
export function regressions(
  results: readonly ComparedResult[],
  baseline: readonly ComparedResult[],
  allowed: number,
): Regression[] {
  const before = new Map(baseline.map((result) => [resultKey(result), result]));
  return results.flatMap((result) => {
    const old = before.get(resultKey(result));
    if (old === undefined) return [];
    // Four independent medians enter the comparison; half the distance between quartiles is how far each may be off.
    const tolerance = Math.hypot(result.spread, result.plainSpread, old.spread, old.plainSpread) / 2;
    const least = (old.speedup * (1 - allowed)) / (1 + tolerance);
    if (result.speedup >= least) return [];
    return [{ kernel: result.kernel, size: result.size, before: old.speedup, now: result.speedup, least }];
  });
}
