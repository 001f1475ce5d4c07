/** The training systems that can be simulated, by name. */
import { type ExpertPlanner, elasticSystem } from "./elasticSystem.ts";
import { expertParallelSystem } from "./expertParallelSystem.ts";
import type { HardwareSpec } from "./hardwareSpec.ts";
import type { RunPolicy } from "./job.ts";
import { lazarusPlanner } from "./lazarusPlanner.ts";
import type { ModelSpec } from "./modelSpec.ts";
import type { TrainingSystem } from "./trainingSystem.ts";

/** Classic expert parallelism and what its variants do differently. */
const expertParallel = {
  "ds-ft": { faultTolerant: true, computesPadding: true },
  ds: { faultTolerant: false, computesPadding: true },
  "tutel-ft": { faultTolerant: true, computesPadding: false },
  tutel: { faultTolerant: false, computesPadding: false },
} as const;

/** Names of the systems, the most resilient first. */
export const systemNames = ["resilient", "lazarus", "ds-ft", "ds", "tutel-ft", "tutel"] as const;

/** A system's name. */
export type SystemName = (typeof systemNames)[number];

/**
 * Builds a system.
 * @param resilientPlanner places experts for `resilient`; the other systems have their own rules
 * @throws RangeError when `resilient` has no planner
 */
export function trainingSystem(
  name: SystemName,
  model: ModelSpec,
  hardware: HardwareSpec,
  resilientPlanner?: ExpertPlanner,
): TrainingSystem {
  if (name === "resilient") {
    if (resilientPlanner === undefined) throw new RangeError("resilient needs a planner");
    return elasticSystem({ name, model, hardware, planner: resilientPlanner });
  }
  if (name === "lazarus") return elasticSystem({ name, model, hardware, planner: lazarusPlanner(model.minReplicas) });
  return expertParallelSystem({ name, model, hardware, ...expertParallel[name] });
}

/** What a system usually does beside training: the model's checkpoint intervals, and rebalances where it can. */
export function usualPolicy(name: SystemName, model: ModelSpec, rebalanceSteps: number): RunPolicy {
  const restarts = name === "ds" || name === "tutel";
  return { checkpoint: restarts ? model.checkpointEvery : model.faultTolerantCheckpointEvery, rebalanceSteps };
}
