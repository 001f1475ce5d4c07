/** Expert loads over a window of training: what allocations and placements are made for. */
import type { LayerLoads } from "../layout/placement.ts";
import type { LoadForecast } from "./loadForecast.ts";

/** How the iterations of a window become one load per expert. */
export const LOAD_METHODS = ["mean", "sum", "last", "ema"] as const;
export type LoadMethod = (typeof LOAD_METHODS)[number];

/** The recorded iterations that a profile stands for. */
export interface ProfileWindow {
  /** First and last recorded iteration of the window. */
  readonly from: number;
  readonly to: number;
  /** Recorded iterations in it. */
  readonly iterations: number;
  /** `forecast` where they are those before a forecast. */
  readonly method: LoadMethod | "forecast";
  /** Weight of the newest iteration, with method `ema`. */
  readonly alpha?: number | undefined;
  /** One of the windows that a log was cut into, so that whatever is made of it says of which. */
  readonly ofSeveral?: true | undefined;
}

/** Loads of one layer. */
export interface LayerProfile extends LayerLoads {
  /** Tokens by source rank, shape [ranks][experts], whole numbers; the ranks sum to `loads`. */
  readonly byRank?: readonly (readonly number[])[] | undefined;
}

/** Loads of every layer in a window. */
export interface LoadProfile {
  readonly experts: number;
  readonly window: ProfileWindow;
  /** What loads were multiplied by, so that whole numbers keep the proportions of small means; nothing where it is 1. */
  readonly scale?: number | undefined;
  /** Ascending by layer. */
  readonly layers: readonly LayerProfile[];
  /** Where the loads are not what was measured but what is expected. */
  readonly forecast?: LoadForecast | undefined;
}
