/** What the search is after. */

/** How good host sets are, by three figures: the probability that the job is lost, the layers' cost and synchronisation. */
export interface Objective {
  /** What the search minimises; grows with each of the figures. */
  energy(lost: number, cost: number, sync: number): number;
  /** By how much the figures break a limit; 0 when they do not. */
  violation(cost: number, sync: number): number;
  /** Which of two states within all limits is better: the one with less of this. */
  badness(lost: number, cost: number, sync: number): number;
}

/** Survival, with the layers' cost as a limit to be kept at 0. */
export const survivalObjective: Objective = {
  energy: (lost, cost) => logOf(lost) + cost,
  violation: (cost) => cost,
  badness: (lost) => lost,
};

/** Logarithm that leaves 0 finite. */
export function logOf(lost: number): number {
  return Math.log(lost + Number.MIN_VALUE);
}
