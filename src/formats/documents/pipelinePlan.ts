/** pipeline-plan: the schedule of a pipeline job whose workers failed. */
import * as z from "zod/mini";
import { LIMITS } from "../../core/pipeline/periodBound.ts";
import { BACKWARDS, OPTIMIZERS } from "../../core/pipeline/planPipeline.ts";
import { amount, checkDocument, count, positiveCount } from "./schema.ts";

/** PIPELINE.STAGE, both from 0. */
const worker = z.string().check(z.regex(/^\d+\.\d+$/));

const figures = {
  backward: z.enum(BACKWARDS),
  optimizer: z.enum(OPTIMIZERS),
  /** From one iteration to the next. */
  period: amount,
  /** No schedule has a shorter period, because of what a stage does. */
  bound: z.object({ period: amount, limit: z.enum(LIMITS), stage: count }),
  /** Activations that the worker with the most holds at once. */
  peak: positiveCount,
};

export const pipelinePlanSchema = z.object({
  type: z.literal("pipeline-plan"),
  version: z.literal(1),
  pipelines: positiveCount,
  stages: positiveCount,
  /** Of a pipeline. */
  microBatches: positiveCount,
  /** What all times are in; units where stage times were given as plain numbers. */
  unit: z.enum(["seconds", "units"]),
  /** One entry a stage. */
  stageTimes: z.array(z.object({ forward: amount, inputGradient: amount, weightGradient: amount })),
  failed: z.array(worker),
  recoverable: z.boolean(),
  /** Stages without a live worker. */
  lost: z.array(count),
  reason: z.optional(z.string()),
  /** Period of 1F1B before the failures, all stages stepping their optimizer together. */
  faultFree: amount,
  /** The schedule; nothing here and below where a stage is lost. */
  plan: z.optional(z.object(figures)),
  /** The same for each technique on top of those before, the plan last. */
  steps: z.optional(z.array(z.object(figures))),
  byStage: z.optional(
    z.array(
      z.object({
        stage: count,
        live: positiveCount,
        /** Of its busiest worker. */
        microBatches: positiveCount,
        /** First start and last end of its tasks. */
        start: amount,
        end: amount,
        /** Activations that a worker may hold, and that one does. */
        slots: positiveCount,
        peak: positiveCount,
      }),
    ),
  ),
  workers: z.optional(
    z.array(
      z.object({
        worker,
        failed: z.boolean(),
        peak: count,
        /** Task (B is a backward pass in one), pipeline and number within it of the micro-batch, start, end. */
        tasks: z.array(z.tuple([z.enum(["F", "Bi", "Bw", "B"]), count, count, amount, amount])),
      }),
    ),
  ),
});

/** A pipeline-plan document. */
export type PipelinePlanDocument = z.infer<typeof pipelinePlanSchema>;
export type PipelineFiguresFields = NonNullable<PipelinePlanDocument["plan"]>;

/**
 * Checks a parsed pipeline-plan.
 * @throws InputError
 */
export function checkPipelinePlan(value: unknown, source: string): PipelinePlanDocument {
  return checkDocument(pipelinePlanSchema, "pipeline-plan", value, source);
}
