import type { RecoveryProbabilities } from "./outcomes.ts";

/** Difference that rounding can make between a probability and its bound. */
const ROUNDING = 1e-12;

/**
 * Whether no placement within the bound recovers more often, for any number of failed nodes. Estimates certify nothing.
 * @param upperBound bound for k = 1..nodes, shape [nodes]
 */
export function certifies(upperBound: readonly number[], recovery: RecoveryProbabilities): boolean {
  return (
    recovery.method !== "sampling" &&
    recovery.failures.every(({ failed, probability }) => probability >= upperBound[failed - 1]! - ROUNDING)
  );
}
