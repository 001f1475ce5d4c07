/** What a benchmark of one kernel consists of. */
import type { Device, Launch } from "./device.ts";

/** How much a call does, whatever the implementation: products and sums, or bytes of inputs and results. */
export type Work = { readonly flop: number } | { readonly bytes: number };

/** One kernel at one size. */
export interface BenchKernel {
  readonly name: string;
  readonly size: string;
  readonly work: Work;
  /** Whether a cell of the result is a whole number that must match exactly. */
  readonly exact: (cell: number) => boolean;
  /** What the result should be, by definition and in double precision. */
  reference(): Float64Array;
  /** The yardstick: direct JavaScript on typed arrays, one thread. */
  plain(): Float32Array;
  /** The same on a device, with weights and plans put there beforehand; results stay there. */
  prepare(device: Device): Promise<Launch>;
}

export const everyCell = (): boolean => true;
export const noCell = (): boolean => false;
