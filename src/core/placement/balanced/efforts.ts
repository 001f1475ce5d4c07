/** How hard to search for balance. */
import type { Effort } from "../policy.ts";

/** What an effort allows, counted so that results do not depend on the machine. */
interface Limits {
  /** Moves of all runs on one layer under even shares; at least one run is made. */
  readonly moves: number;
  /** Relative distance from the lower bound at which a search ends. */
  readonly nearEnough: number;
  /** Moves tried under free shares. */
  readonly freeMoves: number;
}

/** Limits of each effort, least first. */
export const efforts = {
  fast: { moves: 0, nearEnough: 1e-3, freeMoves: 3000 },
  normal: { moves: 160_000, nearEnough: 5e-4, freeMoves: 7000 },
  thorough: { moves: 3_600_000, nearEnough: 1e-4, freeMoves: 200_000 },
} as const satisfies Record<Effort, Limits>;

/** An effort and all lesser ones, least first: who does these in turn and keeps the best does no worse with more effort. */
export function effortsUpTo(effort: Effort): Effort[] {
  const all = Object.keys(efforts) as Effort[];
  return all.slice(0, all.indexOf(effort) + 1);
}
