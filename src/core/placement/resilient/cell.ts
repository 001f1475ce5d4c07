/** A part of the cluster whose host sets are designed by themselves. Small clusters are a single cell. */
import type { StepGoal } from "./stepGoal.ts";

/** Experts of one layer that a cell hosts. */
export interface CellLayer {
  /** Tokens that each expert brings to this cell, whole numbers, shape [experts]. */
  readonly loads: readonly number[];
  /** Tokens of a GPU on average, over the whole cluster. */
  readonly meanPerGpu: number;
}

/** Nodes with what they host in every layer. */
export interface Cell {
  /** Experts that fit on each node, shape [nodes]; never more than `positions`. */
  readonly slots: readonly number[];
  readonly gpus: readonly number[];
  /** What fails as one: numbers from 0, shape [nodes]. */
  readonly unitOfNode: readonly number[];
  /** Probability that each unit fails, shape [units]. */
  readonly failureProbabilities: readonly number[];
  /** Nodes of the cluster that each node stands for, which host the same experts; shape [nodes]. */
  readonly nodesEach: readonly number[];
  /** Host sets that the cell's design has: as many as its most crowded layer has experts. */
  readonly positions: number;
  /** Nodes that every expert must have. */
  readonly minHosts: number;
  readonly layers: readonly CellLayer[];
  /** On the busiest GPU's tokens over the mean of the whole cluster, in every layer; Infinity for no limit. */
  readonly balanceLimit: number;
  /** GPUs of the whole cluster. */
  readonly clusterGpus: number;
}

/** How a cell is searched. */
export interface CellSearch {
  /** Moves to try on ten nodes with twelve layers and four hosts an expert; other cells get as many as take that long. */
  readonly moves: number;
  /** First temperature where step time counts. */
  readonly hottest?: number | undefined;
  readonly seed: number;
  /** What counts beside survival. */
  readonly goal?: StepGoal | undefined;
  /** Ends the search early when it returns true. */
  readonly shouldStop: () => boolean;
}

/** Host sets of a cell as bit masks over its nodes, shape [layers][experts]. */
export type CellHosts = readonly Int32Array[];
