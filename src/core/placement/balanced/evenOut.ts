import type { RandomSource } from "../../algorithms/random.ts";
import type { ReplicaPacking } from "./replicaPacking.ts";

/** How long to search, and among which moves. */
export interface EvenOutOptions {
  /** Moves to try. */
  readonly moves: number;
  /** Whether a replica may become one of another expert, so that replica counts change; otherwise replicas only swap places. */
  readonly recounts: boolean;
  readonly random: RandomSource;
}

/** One move in so many tries a new replica count. */
const RECOUNT_EVERY = 4;
/** A move may cost so many times the mean squared imbalance, at the first try and at the last. */
const FIRST_THRESHOLD = 2.5;
const LAST_THRESHOLD = 0.4;

/**
 * Evens out the bins by threshold accepting (Dueck and Scheuer 1990): random swaps and recounts are taken unless they cost more
 * than a threshold. The threshold follows the imbalance that is left, so it needs no scale of its own.
 */
export function evenOut(packing: ReplicaPacking, { moves, recounts, random }: EvenOutOptions): void {
  const replicas = packing.experts.length;
  const experts = packing.expertCount;
  const cooling = (LAST_THRESHOLD / FIRST_THRESHOLD) ** (1 / moves);
  const gpus = packing.gpus.reduce((sum, count) => sum + count, 0);
  let imbalance = packing.imbalance();
  const ceiling = imbalance;
  let factor = FIRST_THRESHOLD;
  for (let i = 0; i < moves; i++, factor *= cooling) {
    const threshold = (factor * Math.min(imbalance, ceiling)) / gpus;
    if (recounts && i % RECOUNT_EVERY === 0) {
      const pick = random.below(replicas * experts);
      const replica = Math.floor(pick / experts);
      const expert = pick - replica * experts;
      const cost = packing.recountCost(replica, expert);
      if (cost > threshold) continue;
      packing.recount(replica, expert);
      imbalance += cost;
    } else {
      const pick = random.below(replicas * replicas);
      const a = Math.floor(pick / replicas);
      const b = pick - a * replicas;
      const cost = packing.swapCost(a, b);
      if (cost > threshold) continue;
      packing.swap(a, b);
      imbalance += cost;
    }
  }
}
