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

/** Seconds that the model's state takes to or from the checkpoint store. */
export function storeSeconds({ model, hardware }: Pick<TrainingSpec, "model" | "hardware">): number {
  const { storeBytesPerSecond } = hardware.recovery;
  return storeBytesPerSecond === undefined ? 0 : (modelSize(model).total * model.stateBytesPerParameter) / storeBytesPerSecond;
}
