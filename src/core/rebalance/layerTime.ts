/** How long the ranks of a layer take, by FlexMoE's cost model (arXiv 2304.03946, section 3). */
import { FREE_SLOT } from "../layout/placement.ts";
import type { LayerCopies } from "./layerCopies.ts";

/** Times that differ by less, as a part, are equal: what is left of summing in another order. */
export const TIME_TOLERANCE = 1e-9;

/** Seconds, or any other unit: what is compared is one layer with itself. */
export interface LayerCosts {
  /** A token on a rank: its computation forwards and backwards, and its way there and back by all-to-all. */
  readonly perToken: number;
  /** An expert's gradients among copies on several nodes, and among GPUs of one node, over (n - 1) / n for n GPUs that hold it. */
  readonly syncAcross: number;
  readonly syncWithin: number;
}

/** Load alone. */
export const BY_LOAD: LayerCosts = { perToken: 1, syncAcross: 0, syncWithin: 0 };

/** Time of each rank: its tokens, and the synchronisation of the experts it holds; shape [ranks]. */
export function rankTimes(copies: LayerCopies, { perToken, syncAcross, syncWithin }: LayerCosts): Float64Array {
  const { ranks, experts, tokens } = copies;
  const times = new Float64Array(ranks);
  for (let rank = 0; rank < ranks; rank++) times[rank] = perToken * tokens[rank]!;
  if (syncAcross === 0 && syncWithin === 0) return times;
  for (let expert = 0; expert < experts; expert++) {
    const holders: number[] = [];
    for (let rank = 0; rank < ranks; rank++) if (copies.holds(rank, expert)) holders.push(rank);
    const sync = (copies.hostsOf(expert) > 1 ? syncAcross : syncWithin) * ((holders.length - 1) / holders.length);
    for (const rank of holders) times[rank]! += sync;
  }
  return times;
}

/** Time of the slowest rank. */
export function layerTime(copies: LayerCopies, costs: LayerCosts): number {
  let most = 0;
  for (const time of rankTimes(copies, costs)) if (time > most) most = time;
  return most;
}

/**
 * Whether a change may lower the time: it touches a slot of a slowest rank or, as the shares and the synchronisation of its other copies
 * change, an expert that is on one.
 */
export function mayHelp(copies: LayerCopies, costs: LayerCosts): (rank: number, ...experts: readonly number[]) => boolean {
  const times = rankTimes(copies, costs);
  const most = times.reduce((top, time) => Math.max(top, time), 0);
  const slowest = copies.slots.map((held, rank) => held.length > 0 && times[rank]! >= most * (1 - TIME_TOLERANCE));
  const there = new Set(copies.slots.flatMap((held, rank) => (slowest[rank] ? held : [])));
  return (rank, ...experts) => slowest[rank]! || experts.some((expert) => expert !== FREE_SLOT && there.has(expert));
}
