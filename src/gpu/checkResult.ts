/** Whether a kernel's result is right. */
import { MachineError } from "../errors.ts";
import type { BenchKernel } from "./benchKernel.ts";

/** Relative error that single precision explains: sums of some thousand products, exponentials of two units' error. */
const TOLERANCE = 1e-4;

/** A kernel that computes something else than its definition: its timing means nothing. */
export class WrongResult extends MachineError {
  override readonly name = "WrongResult";
}

/**
 * Largest error of a result over the largest number of the reference.
 * @throws WrongResult
 */
export function resultError(
  kernel: Pick<BenchKernel, "name" | "size" | "exact">,
  reference: Float64Array,
  result: Float32Array,
): number {
  const wrong = (what: string) => new WrongResult(`${kernel.name} (${kernel.size}) is wrong: ${what}`);
  if (result.length !== reference.length) throw wrong(`${result.length} numbers instead of ${reference.length}`);
  let worst = 0;
  let largest = 0;
  reference.forEach((expected, cell) => {
    const got = result[cell]!;
    if (kernel.exact(cell)) {
      if (got !== expected) throw wrong(`${got} instead of ${expected} at ${cell}`);
      return;
    }
    if (!Number.isFinite(got)) throw wrong(`${got} instead of ${expected} at ${cell}`);
    worst = Math.max(worst, Math.abs(got - expected));
    largest = Math.max(largest, Math.abs(expected));
  });
  const error = worst === 0 ? 0 : worst / largest;
  if (error > TOLERANCE) throw wrong(`relative error ${error.toExponential(1)}, allowed ${TOLERANCE}`);
  return error;
}
