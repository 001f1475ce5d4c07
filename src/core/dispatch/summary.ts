/** What a dispatch costs, and the split sizes its all-to-all takes. */
import type { LayerDispatch } from "./layerDispatch.ts";

/** Figures of one layer's dispatch. */
export interface DispatchSummary {
  /** Tokens that each rank computes, shape [ranks]. */
  readonly load: Float64Array;
  /** Busiest rank's load over the mean of the live ranks; 1 without tokens. */
  readonly maxOverMean: number;
  /** Tokens computed on the rank they come from. */
  readonly localTokens: number;
  readonly remoteTokens: number;
  /** Tokens from each source rank to each target rank, its own included, shape [ranks][ranks]. */
  readonly sent: Float64Array;
}

/** Split sizes of an all-to-all with unequal splits. A send buffer holds a rank's tokens by target rank, then expert. */
export interface Shuffle {
  /** Tokens that rank i sends to rank j, shape [ranks][ranks]. */
  readonly sendCounts: Float64Array;
  /** Where the tokens for rank j begin in the send buffer of rank i, shape [ranks][ranks]. */
  readonly sendOffsets: Float64Array;
  /** Tokens that rank i receives from rank j, shape [ranks][ranks]. */
  readonly receiveCounts: Float64Array;
  /** Where the tokens of rank j begin in the receive buffer of rank i, shape [ranks][ranks]. */
  readonly receiveOffsets: Float64Array;
}

/**
 * Adds up a layer's dispatch.
 * @param dead how many of the ranks are dead
 */
export function summarizeDispatch(dispatch: LayerDispatch, dead = 0): DispatchSummary {
  const { ranks, source, target, tokens } = dispatch;
  const sent = new Float64Array(ranks * ranks);
  for (let entry = 0; entry < tokens.length; entry++) {
    const at = source[entry]! * ranks + target[entry]!;
    sent[at]! += tokens[entry]!;
  }
  const load = new Float64Array(ranks);
  let total = 0;
  let localTokens = 0;
  for (let from = 0; from < ranks; from++) {
    for (let to = 0; to < ranks; to++) {
      const count = sent[from * ranks + to]!;
      load[to]! += count;
      total += count;
    }
    localTokens += sent[from * ranks + from]!;
  }
  const busiest = load.reduce((max, count) => Math.max(max, count), 0);
  return {
    load,
    maxOverMean: total === 0 ? 1 : (busiest * (ranks - dead)) / total,
    localTokens,
    remoteTokens: total - localTokens,
    sent,
  };
}

/**
 * The shuffle that carries out a dispatch.
 * @param sent tokens from each source rank to each target rank, shape [ranks][ranks]
 */
export function shuffleOf(sent: Float64Array): Shuffle {
  const ranks = Math.sqrt(sent.length);
  const receiveCounts = Float64Array.from(sent, (_, at) => sent[(at % ranks) * ranks + Math.floor(at / ranks)]!);
  return {
    sendCounts: sent,
    sendOffsets: rowOffsets(sent, ranks),
    receiveCounts,
    receiveOffsets: rowOffsets(receiveCounts, ranks),
  };
}

/** Exclusive prefix sums of each row, shape [ranks][ranks]. */
function rowOffsets(counts: Float64Array, ranks: number): Float64Array {
  let sum = 0;
  return counts.map((count, at) => {
    if (at % ranks === 0) sum = 0;
    const offset = sum;
    sum += count;
    return offset;
  });
}
