/** What reproducing a figure of the paper yields. */
import type { Picture } from "../../report/pictures/picture.ts";
import type { Contest } from "./contest.ts";

/** One number of the paper beside ours. */
export interface Comparison {
  readonly figure: string;
  readonly what: string;
  /** As the paper prints it; absent where it prints none. */
  readonly paper?: number;
  readonly ours: number;
  /** Whether constants were chosen to match this number, or it follows from them. */
  readonly basis: "fitted" | "predicted";
  /** Relative difference up to which the number counts as reproduced; 0 asks for equality. */
  readonly tolerance?: number;
  readonly remark?: string;
}

/** A reproduced figure. */
export interface Figure {
  readonly comparisons: readonly Comparison[];
  /** Charts by the name of their file, without its ending. */
  readonly charts: ReadonlyMap<string, Picture>;
  /** What the systems reached on the figure's settings. */
  readonly contests: readonly Contest[];
}
