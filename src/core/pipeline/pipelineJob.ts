/**
 * Pipeline-parallel training, as everything in this folder speaks of it.
 *
 *   D   data-parallel pipelines            p    pipeline, from 0
 *   S   stages of a pipeline               s    stage, from 0
 *   N   micro-batches of a pipeline        m    micro-batch of the job, from 0: p * N + its number within pipeline p
 *   F, Bi, Bw   a micro-batch's forward pass at a stage; the gradient of its input, for which the stage before waits; the
 *               gradient of the stage's weights, for which only the optimizer waits
 *   worker      stage s of pipeline p, number p * S + s
 *
 * Times have any unit, the same everywhere.
 */

/** What a micro-batch takes at a stage. */
export interface StageTimes {
  readonly forward: number;
  readonly inputGradient: number;
  readonly weightGradient: number;
}

/** A job whose pipelines all have the same stages. */
export interface PipelineJob {
  readonly pipelines: number;
  /** Of one pipeline. */
  readonly microBatches: number;
  /** One entry a stage. */
  readonly stages: readonly StageTimes[];
}

/** Stage of a pipeline: what fails. */
export interface PipelineWorker {
  readonly pipeline: number;
  readonly stage: number;
}

/** @throws RangeError for counts that are not whole and positive, and times that are no times */
export function checkJob({ pipelines, microBatches, stages }: PipelineJob): void {
  for (const count of [pipelines, microBatches, stages.length])
    if (!Number.isSafeInteger(count) || count < 1) throw new RangeError(`expected a whole number of at least 1, got ${count}`);
  for (const { forward, inputGradient, weightGradient } of stages)
    if (!(forward > 0 && inputGradient > 0 && weightGradient >= 0 && Number.isFinite(forward + inputGradient + weightGradient)))
      throw new RangeError("expected positive times of the forward pass and the input gradient, and no negative ones");
}

/** F + Bi + Bw. */
export function stageWork({ forward, inputGradient, weightGradient }: StageTimes): number {
  return forward + inputGradient + weightGradient;
}
