/** What placement `resilient` is asked for. */
import type { ClusterNode } from "../../layout/cluster.ts";
import type { LayerLoads, LayerPlacement } from "../../layout/placement.ts";
import type { FailureModel } from "../../recovery/failureUnits.ts";
import type { Effort } from "../policy.ts";
import type { StepGoal } from "./stepGoal.ts";

/** What to place. */
export interface ResilientProblem {
  readonly cluster: readonly ClusterNode[];
  readonly layers: readonly LayerLoads[];
  /** Nodes that every expert should have at least (f in the paper): losing fewer nodes never loses an expert. */
  readonly minReplicas: number;
}

/** How to place it. */
export interface ResilientOptions {
  /** By default, nodes fail one by one. */
  readonly failureModel?: FailureModel;
  /** How far the busiest GPU's load may exceed the mean in any layer when shares are free (default 0.02); Infinity for no limit. */
  readonly balanceSlack?: number;
  /** What counts beside survival; slots may then stay free. */
  readonly goal?: StepGoal;
  readonly effort?: Effort;
  readonly seed?: number;
  /** Placements of the same layers. Without a balance limit the result survives at least as well as any that keeps the minimum. */
  readonly startFrom?: readonly (readonly LayerPlacement[])[];
  /** Ends the search early when it returns true; the result is complete all the same. */
  readonly shouldStop?: () => boolean;
}

/** Moves to try on ten nodes with twelve layers; other clusters get as many as take that long. */
export const MOVES = { fast: 6_000, normal: 600_000, thorough: 8_000_000 } as const satisfies Record<Effort, number>;

/** Moves and first temperature where step time counts, which costs more to know: short searches have no time to cool. */
export const STEP_SEARCHES = {
  fast: { moves: 10_000, hottest: 0.25 },
  normal: { moves: 130_000, hottest: 1 },
  thorough: { moves: 500_000, hottest: 1 },
} as const satisfies Record<Effort, { moves: number; hottest: number }>;
