/** The rank of a plan that a step waits for. */

import { largestRemainder } from "../core/algorithms/largestRemainder.ts";
import type { LayerDispatch } from "../core/dispatch/layerDispatch.ts";
import { summarizeDispatch } from "../core/dispatch/summary.ts";
import { Infeasible } from "../core/layout/infeasible.ts";
import { type ReceivedChunk, receivedBy } from "./layerWorkload.ts";

/** A layer and its tokens' ways. */
export interface DispatchedLayer {
  readonly layer: number;
  readonly dispatch: LayerDispatch;
  /** How many of the ranks are dead. */
  readonly deadRanks?: number;
}

/** The busiest rank of the layer whose tokens are shared least evenly. */
export interface BusiestRank {
  readonly layer: number;
  readonly rank: number;
  /** Its tokens over the mean rank's. */
  readonly maxOverMean: number;
  /** Experts that it computes; below they are numbered 0, 1, ... */
  readonly experts: number;
  /** Tokens that it receives, by expert, then source. */
  readonly received: readonly ReceivedChunk[];
}

/**
 * Finds the busiest rank, and scales its tokens so that the mean rank has a given number: plans of windows of any length
 * compare, and a plan that shares better gives its busiest rank less to do.
 * @param meanTokens tokens of the mean rank after scaling
 * @throws RangeError when no layer has tokens
 */
export function busiestRank(layers: Iterable<DispatchedLayer>, meanTokens: number): BusiestRank {
  let worst: { layer: number; dispatch: LayerDispatch; load: Float64Array; maxOverMean: number } | undefined;
  for (const { layer, dispatch, deadRanks } of layers) {
    const { load, maxOverMean } = summarizeDispatch(dispatch, deadRanks);
    const empty = dispatch.tokens.length === 0;
    if (!empty && (worst === undefined || maxOverMean > worst.maxOverMean)) worst = { layer, dispatch, load, maxOverMean };
  }
  if (worst === undefined) throw new Infeasible("the plan dispatches no tokens");
  const { layer, dispatch, load, maxOverMean } = worst;
  const rank = load.indexOf(Math.max(...load));
  const chunks = receivedBy(rank, dispatch);
  const scaled = largestRemainder(
    chunks.map((chunk) => chunk.tokens),
    Math.max(1, Math.round(meanTokens * maxOverMean)),
  );
  const kept = chunks.map((chunk, i) => ({ ...chunk, tokens: scaled[i]! })).filter((chunk) => chunk.tokens > 0);
  const experts = [...new Set(kept.map((chunk) => chunk.expert))];
  const received = kept.map((chunk) => ({ ...chunk, expert: experts.indexOf(chunk.expert) }));
  return { layer, rank, maxOverMean, experts: experts.length, received };
}
