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
 * One replica for every expert, then one more at a time for the expert whose replicas carry most (weight / count in float32),
 * lowest id first among equals.
 * @param weights tokens of each expert, float32 values >= 0, shape [experts]
 * @param slots replicas to make, at least one for each expert
 */
export function replicateExperts(weights: readonly number[], slots: number): Replication {
  const counts = weights.map(() => 1);
  const experts = weights.map((_, expert) => expert);
  const negatedShares = weights.map((weight) => -weight);
  const busiest = new LowestFirst(negatedShares);
  for (let slot = weights.length; slot < slots; slot++) {
    const expert = busiest.first();
    const count = counts[expert] as number;
    experts.push(expert);
    counts[expert] = count + 1;
    negatedShares[expert] = -Math.fround((weights[expert] as number) / (count + 1));
    busiest.sink();
  }
  return { counts, experts };
}
