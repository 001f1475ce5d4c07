/** A training job and how it protects and tunes itself. */
import type { CheckpointInterval } from "../cost/modelSpec.ts";
import type { ParallelLayout } from "../cost/parallelLayout.ts";
import type { TrainingSpec } from "../cost/trainingSpec.ts";
import type { CheckpointMethod } from "./checkpointing.ts";
import type { LoadSchedule } from "./loadSchedule.ts";

/** A job, whatever system runs it. */
export interface Job extends TrainingSpec {
  readonly loads: LoadSchedule;
  /** When the job is cut off; Infinity where `samples` end it. */
  readonly seconds: number;
  /** Samples after which the job is done; Infinity where `seconds` end it. */
  readonly samples: number;
  /** How GPUs divide the work; as the model's setting says without it. A step is an iteration with all its micro-batches then. */
  readonly layout?: ParallelLayout;
  /** Sequences of a step, however many nodes there are; otherwise so many a node or pipeline. A step is an iteration then. */
  readonly globalBatch?: number;
  /** Part of the communication, and of what a rebalance transfers, that may run while GPUs compute; none without it. */
  readonly overlap?: number;
  /** Whether pauses take the constants of the hardware, as the paper measured them, and not as long as their bytes. */
  readonly constantPauses?: boolean;
}

/** What a system does beside training. */
export interface RunPolicy {
  /** Without it a restart goes back to the beginning. */
  readonly checkpoint?: CheckpointInterval;
  /** Steps between two rebalances; systems that cannot rebalance ignore it. */
  readonly rebalanceSteps?: number;
  /** How checkpoints are taken; `blocking` without it. */
  readonly method?: CheckpointMethod;
}

/** What a system must know of its job. */
export type PlannedJob = Pick<
  Job,
  "model" | "hardware" | "loads" | "gradientAccumulation" | "constantPauses" | "layout" | "globalBatch" | "overlap"
>;
