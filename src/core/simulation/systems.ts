/** The training systems that can be simulated, by name. */
import { elasticSystem } from "./elasticSystem.ts";
import { expertParallelSystem } from "./expertParallelSystem.ts";
import type { HardwareSpec } from "./hardwareSpec.ts";
import type { RunPolicy } from "./job.ts";
import type { ModelSpec } from "./modelSpec.ts";
import { lazarusPlanner } from "./planners.ts";
import type { TrainingSystem } from "./trainingSystem.ts";

/** Classic expert parallelism and what its variants do differently. */
const expertParallel = {
  "ds-ft": { faultTolerant: true, computesPadding: true },
  ds: { faultTolerant: false, computesPadding: true },
  "tutel-ft": { faultTolerant: true, computesPadding: false },
  tutel: { faultTolerant: false, computesPadding: false },
} as const;

/** Names of the systems. */
export const systemNames = ["lazarus", "ds-ft", "ds", "tutel-ft", "tutel"] as const;

/** A system's name. */
export type SystemName = (typeof systemNames)[number];

/**
 * Builds a system.
 * @throws RangeError when the model's experts do not divide over the system's groups
 */
export function trainingSystem(name: SystemName, model: ModelSpec, hardware: HardwareSpec): TrainingSystem {
  if (name === "lazarus") return elasticSystem({ name, model, hardware, planner: lazarusPlanner(model.minReplicas) });
  return expertParallelSystem({ name, model, hardware, ...expertParallel[name] });
}

/** What a system usually does beside training: the model's checkpoint intervals, and rebalances where it can. */
export function usualPolicy(name: SystemName, model: ModelSpec, rebalanceSteps: number): RunPolicy {
  const restarts = name === "ds" || name === "tutel";
  return { checkpoint: restarts ? model.checkpointEvery : model.faultTolerantCheckpointEvery, rebalanceSteps };
}
