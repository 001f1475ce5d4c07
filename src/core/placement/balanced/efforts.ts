/** How hard to search for balance. */
import type { Effort } from "../policy.ts";

/** What an effort allows, counted so that results do not depend on the machine. */
interface Limits {
  /** Moves that a run of the search tries for each replica. */
  readonly movesPerReplica: number;
  /** Moves of all runs on one layer together; at least one run is made. */
  readonly moves: number;
  /** Relative distance from the lower bound at which the search ends. */
  readonly nearEnough: number;
  /** Moves tried to free captive load, each at the price of a maximum flow. */
  readonly releases: number;
}

/** Limits of each effort. */
export const efforts = {
  fast: { movesPerReplica: 60, moves: 0, nearEnough: 1e-3, releases: 100 },
  normal: { movesPerReplica: 240, moves: 180_000, nearEnough: 5e-4, releases: 300 },
  thorough: { movesPerReplica: 480, moves: 3_600_000, nearEnough: 1e-4, releases: 3000 },
} as const satisfies Record<Effort, Limits>;
