import type { Effort } from "../policy.ts";
import type { Rank } from "./ranks.ts";

/** One layer to place on GPUs. */
export interface RankProblem {
  /** Tokens of each expert, some positive, shape [experts]. */
  readonly loads: readonly number[];
  /** GPUs with at least one slot each, none with more slots than experts, together at least as many slots as experts. */
  readonly ranks: readonly Rank[];
  /** Distinct nodes that every expert gets; the nodes have room for them. */
  readonly minHosts: number;
  /** Load of the busiest GPU over the mean that no placement can beat. */
  readonly lowerBound: number;
  readonly effort: Effort;
  readonly seed: number;
}
