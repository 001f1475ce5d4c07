/** From a planned pipeline job to the document. */
import { oneForwardOneBackward } from "../core/pipeline/oneForwardOneBackward.ts";
import type { PipelineJob, PipelineWorker } from "../core/pipeline/pipelineJob.ts";
import type { PipelineFigures, PipelinePlan, WorkerSchedule } from "../core/pipeline/planPipeline.ts";
import type { PipelineFiguresFields, PipelinePlanDocument } from "./documents/pipelinePlan.ts";

/** What was planned. */
export interface PlannedPipelineJob {
  readonly job: PipelineJob;
  readonly unit: PipelinePlanDocument["unit"];
  readonly failed: readonly PipelineWorker[];
}

/** The document of a plan. */
export function pipelinePlanDocument(planned: PlannedPipelineJob, plan: PipelinePlan): PipelinePlanDocument {
  const { steps, workers } = plan;
  const isWhole = plan.backward === "whole";
  return {
    ...header(planned),
    recoverable: true,
    lost: [],
    faultFree: rounded(plan.faultFree),
    plan: figures(plan),
    steps: steps.map(figures),
    byStage: planned.job.stages.map((_, stage) => ofStage(workers, stage, plan.slots[stage]!)),
    workers: workers.map(({ failed, peak, tasks, ...worker }) => ({
      worker: workerName(worker),
      failed,
      peak,
      tasks: tasks.map(({ kind, pipeline, microBatch, start, end }) => [
        kind === 0 ? "F" : kind === 2 ? "Bw" : isWhole ? "B" : "Bi",
        pipeline,
        microBatch,
        rounded(start),
        rounded(end),
      ]),
    })),
  };
}

/** The document of a job some stages of which are lost. */
export function lostPipelineDocument(planned: PlannedPipelineJob, lost: readonly number[]): PipelinePlanDocument {
  const { pipelines } = planned.job;
  const list = lost.join(", ");
  const stages = lost.length === 1 ? `stage ${list}` : `stages ${list}`;
  const all = pipelines === 1 ? "the only worker" : `all ${pipelines} workers`;
  return {
    ...header(planned),
    recoverable: false,
    lost: [...lost],
    reason: `${all} of ${stages} failed, and their weights with them: repair one, or restart from a checkpoint`,
    faultFree: rounded(oneForwardOneBackward(planned.job)),
  };
}

/** PIPELINE.STAGE. */
export function workerName({ pipeline, stage }: PipelineWorker): string {
  return `${pipeline}.${stage}`;
}

function header({ job, unit, failed }: PlannedPipelineJob) {
  return {
    type: "pipeline-plan",
    version: 1,
    pipelines: job.pipelines,
    stages: job.stages.length,
    microBatches: job.microBatches,
    unit,
    stageTimes: job.stages.map(({ forward, inputGradient, weightGradient }) => ({
      forward: rounded(forward),
      inputGradient: rounded(inputGradient),
      weightGradient: rounded(weightGradient),
    })),
    failed: failed.map(workerName),
  } as const;
}

function figures({ backward, optimizer, period, bound, peak }: PipelineFigures): PipelineFiguresFields {
  return { backward, optimizer, period: rounded(period), bound: { ...bound, period: rounded(bound.period) }, peak };
}

function ofStage(workers: readonly WorkerSchedule[], stage: number, slots: number) {
  const live = workers.filter((worker) => worker.stage === stage && !worker.failed);
  const tasks = live.flatMap((worker) => worker.tasks);
  return {
    stage,
    live: live.length,
    microBatches: Math.max(...live.map((worker) => worker.tasks.filter(({ kind }) => kind === 0).length)),
    start: rounded(tasks.reduce((least, { start }) => Math.min(least, start), Number.POSITIVE_INFINITY)),
    end: rounded(tasks.reduce((most, { end }) => Math.max(most, end), 0)),
    slots,
    peak: Math.max(...live.map(({ peak }) => peak)),
  };
}

/** Without the rounding of sums, which nobody can tell from time. */
function rounded(time: number): number {
  return Number(time.toPrecision(12));
}
