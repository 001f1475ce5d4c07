/** A training job and how it protects and tunes itself. */
import type { HardwareSpec } from "../cost/hardwareSpec.ts";
import { modelSize } from "../cost/modelSize.ts";
import type { CheckpointInterval, ModelSpec } from "../cost/modelSpec.ts";
import type { LoadSchedule } from "./loadSchedule.ts";

/** A job, whatever system runs it. */
export interface Job {
  readonly model: ModelSpec;
  readonly hardware: HardwareSpec;
  readonly loads: LoadSchedule;
  /** Steps between two synchronisations of the gradients. */
  readonly gradientAccumulation: number;
  /** When the job is cut off; Infinity where `samples` end it. */
  readonly seconds: number;
  /** Samples after which the job is done; Infinity where `seconds` end it. */
  readonly samples: number;
}

/** What a system does beside training. */
export interface RunPolicy {
  /** Without it a restart goes back to the beginning. */
  readonly checkpoint?: CheckpointInterval;
  /** Steps between two rebalances; systems that cannot rebalance ignore it. */
  readonly rebalanceSteps?: number;
}

/** Seconds that the model's state takes to or from the checkpoint store. */
export function storeSeconds({ model, hardware }: Pick<Job, "model" | "hardware">): number {
  const { storeBytesPerSecond } = hardware.recovery;
  return storeBytesPerSecond === undefined ? 0 : (modelSize(model).total * model.stateBytesPerParameter) / storeBytesPerSecond;
}
