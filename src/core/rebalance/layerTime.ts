/** How long the ranks of a layer take, by FlexMoE's cost model (arXiv 2304.03946, section 3). */
import type { StepCost } from "../cost/stepCost.ts";
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

/**
 * Costs of a layer on a job whose steps are timed: a token is computed and goes both ways by all-to-all, and nodes synchronise the
 * experts that several hold. What GPUs of one node send each other is not counted, as in the model of a step.
 */
export function layerCosts({ perCompute, perTraffic, perSync }: Omit<StepCost, "base">, copies: LayerCopies): LayerCosts {
  const { total, liveRanks } = copies;
  return { perToken: total === 0 ? 0 : ((perCompute + perTraffic) * liveRanks) / total, syncAcross: perSync, syncWithin: 0 };
}

/** Time of each rank with even shares: its tokens, and the synchronisation of the experts it holds; shape [ranks]. */
export function rankTimes(copies: LayerCopies, costs: LayerCosts): Float64Array {
  const times = syncTimes(copies, costs);
  for (let rank = 0; rank < times.length; rank++) times[rank]! += costs.perToken * copies.tokens[rank]!;
  return times;
}

function syncTimes(copies: LayerCopies, { syncAcross, syncWithin }: LayerCosts): Float64Array {
  const { ranks, experts } = copies;
  const times = new Float64Array(ranks);
  if (syncAcross === 0 && syncWithin === 0) return times;
  for (let expert = 0; expert < experts; expert++) {
    const holders: number[] = [];
    for (let rank = 0; rank < ranks; rank++) if (copies.holds(rank, expert)) holders.push(rank);
    const sync = (copies.hostsOf(expert) > 1 ? syncAcross : syncWithin) * ((holders.length - 1) / holders.length);
    for (const rank of holders) times[rank]! += sync;
  }
  return times;
}

/** Time of the slowest rank; with free shares the least load of the busiest one and the longest synchronisation, one after the other. */
export function layerTime(copies: LayerCopies, costs: LayerCosts): number {
  if (copies.shares === "even") return most(rankTimes(copies, costs));
  const busiest = copies.total === 0 ? 0 : (copies.best.maxOverMean * copies.total) / copies.liveRanks;
  return costs.perToken * busiest + most(syncTimes(copies, costs));
}

/** What may lower the time of a layer: anything else cannot. */
export interface Helpful {
  /** Giving a slot of a rank, with what is in it, to an expert. */
  readonly replacing: (rank: number, expert: number, held: number) => boolean;
  /** An expert leaving a rank for another one. */
  readonly leaving: (rank: number, expert: number) => boolean;
  readonly entering: (rank: number) => boolean;
}

/**
 * With even shares a change has to touch a slot of a slowest rank or, as the shares and the synchronisation of its other copies change,
 * an expert that is on one. With free shares an expert that only the ranks which force the busiest one's load hold has to get to another.
 */
export function helpful(copies: LayerCopies, costs: LayerCosts): Helpful {
  const synchronises = costs.syncAcross > 0 || costs.syncWithin > 0;
  if (copies.shares === "free") {
    const binds: boolean[] = [];
    for (const rank of copies.best.binding) binds[rank] = true;
    const captive = Array.from({ length: copies.experts }, (_, expert) => copies.isCaptive(expert, binds));
    return {
      replacing: (rank, expert) => synchronises || (captive[expert]! && binds[rank] !== true),
      leaving: (_, expert) => synchronises || captive[expert]!,
      entering: (rank) => synchronises || binds[rank] !== true,
    };
  }
  const times = rankTimes(copies, costs);
  const longest = most(times);
  const slowest = copies.slots.map((held, rank) => held.length > 0 && times[rank]! >= longest * (1 - TIME_TOLERANCE));
  const there = new Set(copies.slots.flatMap((held, rank) => (slowest[rank] ? held : [])));
  const isThere = (expert: number) => expert !== FREE_SLOT && there.has(expert);
  return {
    replacing: (rank, expert, held) => slowest[rank]! || isThere(expert) || isThere(held),
    leaving: (rank, expert) => slowest[rank]! || (synchronises && isThere(expert)),
    entering: () => true,
  };
}

function most(times: Float64Array): number {
  let longest = 0;
  for (const time of times) if (time > longest) longest = time;
  return longest;
}
