/** An iteration: micro-batches one after the other, then the gradients are synchronised and the optimizer steps. */
import { type StepCostCoefficients, type StepParts, totalOfParts } from "./stepCost.ts";

/** What an iteration consists of. */
export interface Iteration {
  /** Of one micro-batch at a stage; synchronisation once an iteration. */
  readonly coefficients: StepCostCoefficients;
  /** Micro-batches that the busiest worker does. */
  readonly microBatches: number;
  /** Time of all micro-batches, with what workers wait for each other, in units of a micro-batch at a stage: at least `microBatches`. */
  readonly slots: number;
  /** Sequences. */
  readonly samples: number;
}

/** Backward pass of a step that takes three forward passes. */
const BACKWARD_SHARE = 2 / 3;

/**
 * Time of an iteration by what it is spent on.
 * @param once time of one micro-batch, and of one synchronisation
 * @param overlap part of the communication that may run while GPUs compute, as far as they do: the all-to-all behind its own
 *   micro-batch, gradients behind the last backward pass
 */
export function iterationParts(
  once: StepParts,
  { microBatches, slots }: Omit<Iteration, "coefficients" | "samples">,
  overlap: number,
) {
  const computing = once.dense + once.experts;
  const behind = Math.min(overlap * once.allToAll, computing);
  const allToAll = once.allToAll - behind;
  const sync = once.denseSync + once.expertSync;
  const hidden = Math.min(overlap * sync, BACKWARD_SHARE * (computing - behind));
  const shown = sync === 0 ? 1 : 1 - hidden / sync;
  const parts: StepParts = {
    overhead: microBatches * once.overhead,
    dense: microBatches * once.dense,
    denseSync: shown * once.denseSync,
    experts: microBatches * once.experts,
    allToAll: microBatches * allToAll,
    expertSync: shown * once.expertSync,
  };
  const waits = slots - microBatches;
  if (!(waits > 0)) return parts;
  return { ...parts, bubble: waits * (totalOfParts({ ...once, allToAll }) - sync) };
}
