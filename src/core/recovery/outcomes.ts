/** What becomes of a job when nodes fail: probabilities, and how sure they are. */

/** How recovery probabilities were found. All but `sampling` are exact. */
export type RecoveryMethod = "disjoint-sets" | "enumeration" | "decision-diagram" | "sampling";

/** Probability of some event, with a 95 % interval when it is an estimate. */
export interface Likelihood {
  readonly probability: number;
  readonly interval?: readonly [low: number, high: number];
}

/** Recovery probability for one number of failed nodes; exact without an interval. */
export interface FailureOutcome extends Likelihood {
  readonly failed: number;
}

/** Recovery probability P(k) for every number of failed nodes. */
export interface RecoveryProbabilities {
  readonly method: RecoveryMethod;
  /** One entry for each k = 1..nodes, in order. */
  readonly failures: readonly FailureOutcome[];
  /** Largest k whose loss is always survived; 0 when one failure can kill. */
  readonly tolerates: number;
  /** Failure orders drawn, and their seed, when the method is `sampling`. */
  readonly samples?: number;
  readonly seed?: number;
}
