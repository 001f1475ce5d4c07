/** Replica counts by greedy replication. */
import { LowestFirst } from "./lowestFirst.ts";

/** Replicas in the order they were made. */
export interface Replication {
  /** Copies of each expert, shape [experts]. */
  readonly counts: number[];
  /** Expert of each replica, shape [slots]; the first copies come first, in expert order. */
  readonly experts: number[];
}

/**
 * `minReplicas` replicas for every expert, then one more at a time for the expert whose replicas carry most, lowest id first
 * among equals. No other counts have a smaller largest share.
 * @param loads of the experts, shape [experts]
 * @param slots replicas to make, at least `minReplicas` for each expert
 * @param share what one of `count` replicas carries; falls as the count grows
 */
export function replicateExperts(
  loads: readonly number[],
  slots: number,
  share: (load: number, count: number) => number,
  minReplicas = 1,
): Replication {
  const counts = loads.map(() => minReplicas);
  const experts: number[] = [];
  for (let copy = 0; copy < minReplicas; copy++) for (let expert = 0; expert < loads.length; expert++) experts.push(expert);
  const negatedShares = Float64Array.from(loads, (load) => -share(load, minReplicas));
  const busiest = new LowestFirst(negatedShares);
  for (let slot = experts.length; slot < slots; slot++) {
    const expert = busiest.first();
    const count = counts[expert]! + 1;
    experts.push(expert);
    counts[expert] = count;
    negatedShares[expert] = -share(loads[expert]!, count);
    busiest.sink();
  }
  return { counts, experts };
}
