/** What a routing log records of one training iteration. */

/** Tokens of one layer in one iteration. */
export interface LayerTokens {
  readonly layer: number;
  /** Tokens routed to each expert, shape [experts], whole numbers. */
  readonly loads: Float64Array;
  /** The same by source rank, shape [ranks][experts]; the ranks sum to `loads`. */
  readonly byRank?: Float64Array;
}

/** One recorded iteration. All layers have the same experts and ranks. */
export interface RoutingStep {
  readonly iteration: number;
  readonly experts: number;
  /** Source ranks; 0 where the log has none or nobody asked for them. */
  readonly ranks: number;
  /** The layers that were recorded, ascending. */
  readonly layers: readonly LayerTokens[];
}
