/** simulation: what training systems achieved on one drawn membership. */
import * as z from "zod/mini";
import type { RunResult } from "../../core/simulation/runRecord.ts";
import { amount, checkDocument, count, label } from "./schema.ts";

const activities = { compute: amount, checkpoint: amount, restart: amount, reconfigure: amount, rebalance: amount, idle: amount };
const parts = {
  overhead: amount,
  dense: amount,
  denseSync: amount,
  experts: amount,
  allToAll: amount,
  expertSync: amount,
  /** Workers of a pipeline that wait for each other. */
  bubble: z.exactOptional(amount),
};

const runSchema: z.ZodMiniType<RunResult> = z.object({
  system: label,
  samples: amount,
  steps: count,
  samplesPerSecond: amount,
  /** What the run's time went to. */
  seconds: z.object(activities),
  /** Part of the compute time whose steps were interrupted or rolled back. */
  lostComputeSeconds: amount,
  failures: count,
  recoveries: count,
  restarts: count,
  lostSteps: count,
  /** Mean time of a finished step, by what it is spent on. */
  stepParts: z.object(parts),
});

export const simulationSchema = z.object({
  type: z.literal("simulation"),
  version: z.literal(1),
  /** Program and its version. */
  program: z.string(),
  seed: count,
  /** What the run depends on beside the seed. */
  parameters: z.record(z.string(), z.union([z.string(), z.number()])),
  /** Time of the longest run. */
  seconds: amount,
  runs: z.array(runSchema).check(z.minLength(1)),
  /** Rates that the same trial reaches on other machines. */
  whatIf: z.optional(z.array(z.object({ change: label, runs: z.array(z.object({ system: label, samplesPerSecond: amount })) }))),
});

/** A simulation document. */
export type SimulationDocument = z.infer<typeof simulationSchema>;

/**
 * Checks a parsed simulation document.
 * @throws InputError
 */
export function checkSimulation(value: unknown, source: string): SimulationDocument {
  return checkDocument(simulationSchema, "simulation", value, source);
}
