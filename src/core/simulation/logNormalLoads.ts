/** Loads for studies without a routing log. */
import type { RandomSource } from "../random.ts";

/** Resolution of the drawn loads. */
const MEAN_TOKENS = 1_000_000;

/**
 * Draws tokens of each expert from a log-normal distribution.
 * @param sigma spread of the loads' logarithm; 0 makes all loads equal
 * @returns shape [experts], at least 1 each
 */
export function logNormalLoads(experts: number, sigma: number, random: RandomSource): number[] {
  return Array.from({ length: experts }, () => Math.max(1, Math.round(MEAN_TOKENS * Math.exp(sigma * standardNormal(random)))));
}

/** Standard normal (Box and Muller). */
function standardNormal(random: RandomSource): number {
  return Math.sqrt(-2 * Math.log(1 - random.uniform())) * Math.cos(2 * Math.PI * random.uniform());
}
