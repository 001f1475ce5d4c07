/** What is trained, and on what machines: all that the time of a step and the price of a failure depend on. */
import type { HardwareSpec } from "./hardwareSpec.ts";
import { modelSize } from "./modelSize.ts";
import type { ModelSpec } from "./modelSpec.ts";

/** A model on a kind of hardware. */
export interface TrainingSpec {
  readonly model: ModelSpec;
  readonly hardware: HardwareSpec;
  /** Steps between two synchronisations of the gradients. */
  readonly gradientAccumulation: number;
}

/** Bytes of the model's state, counted once. */
export function stateBytes({ model }: Pick<TrainingSpec, "model">): number {
  return modelSize(model).total * model.stateBytesPerParameter;
}

/**
 * Seconds that the model's state takes to or from the checkpoint store.
 * @param nodes nodes that write or read at the same time
 */
export function storeSeconds(job: Pick<TrainingSpec, "model" | "hardware">, nodes: number): number {
  const { storeBytesPerSecond, storeBytesPerSecondPerNode = Number.POSITIVE_INFINITY } = job.hardware.recovery;
  const rate = Math.min(storeBytesPerSecond ?? Number.POSITIVE_INFINITY, nodes * storeBytesPerSecondPerNode);
  return stateBytes(job) / rate;
}
