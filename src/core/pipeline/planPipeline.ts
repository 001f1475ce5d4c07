/** How a pipeline job goes on after workers failed: ReCycle (Gandhi et al., arXiv 2405.14009). */
import { checkChoice } from "../algorithms/checkChoice.ts";
import { oneForwardOneBackward } from "./oneForwardOneBackward.ts";
import { type PeriodBound, periodBound } from "./periodBound.ts";
import type { PipelineJob, PipelineWorker } from "./pipelineJob.ts";
import { schedulePipeline } from "./schedulePipeline.ts";
import { FORWARD, type TaskGraph, taskGraph, WEIGHT_GRADIENT } from "./taskGraph.ts";
import type { Timing } from "./timing.ts";

/** Whether the stage before waits for the gradient of the input only (split), or for that of the weights, too (whole). */
export const BACKWARDS = ["split", "whole"] as const;
/** Whether each stage steps its optimizer when its own workers are done (staggered), or all when the last is (together). */
export const OPTIMIZERS = ["staggered", "together"] as const;

/** What a schedule may do. */
export interface PipelineTechniques {
  readonly backward: (typeof BACKWARDS)[number];
  readonly optimizer: (typeof OPTIMIZERS)[number];
}

/** A schedule's figures. */
export interface PipelineFigures extends PipelineTechniques {
  readonly period: number;
  readonly bound: PeriodBound;
  /** Activations that the worker with the most holds at once. */
  readonly peak: number;
}

/** A task and when it is done. */
export interface ScheduledTask {
  /** FORWARD, INPUT_GRADIENT or WEIGHT_GRADIENT; with a whole backward the second is both and there is no third. */
  readonly kind: number;
  /** Pipeline and number within it of the micro-batch. */
  readonly pipeline: number;
  readonly microBatch: number;
  readonly start: number;
  readonly end: number;
}

/** What a worker does in an iteration. */
export interface WorkerSchedule extends PipelineWorker {
  readonly failed: boolean;
  /** In their order. */
  readonly tasks: readonly ScheduledTask[];
  /** Activations held at once. */
  readonly peak: number;
}

/** The schedule, and what each technique does for it. */
export interface PipelinePlan extends PipelineFigures {
  /** Period of 1F1B without failures and with a common optimizer step: what a slowdown is measured by. */
  readonly faultFree: number;
  /** Rerouted alone; with the backward pass in two; with staggered optimizers: those up to what was asked for. */
  readonly steps: readonly PipelineFigures[];
  /** By pipeline, then stage. */
  readonly workers: readonly WorkerSchedule[];
  /** Activations that a worker of each stage may hold. */
  readonly slots: readonly number[];
}

/**
 * Reroutes the micro-batches of failed workers to their live peers and schedules an iteration.
 * @param slots activations that a worker of a stage may hold; more than there are micro-batches change nothing
 * @throws StagesLost when a stage has no live worker, RangeError
 */
export function planPipeline(
  job: PipelineJob,
  failed: readonly PipelineWorker[],
  slots: (stage: number) => number,
  { backward, optimizer }: PipelineTechniques,
): PipelinePlan {
  checkChoice("backward", backward ?? null, BACKWARDS);
  checkChoice("optimizer", optimizer ?? null, OPTIMIZERS);
  const all: PipelineTechniques[] = [
    { backward: "whole", optimizer: "together" },
    { backward: "split", optimizer: "together" },
    { backward, optimizer: "staggered" },
  ];
  const wanted = all.filter(
    (step) => (step.backward === "whole" || backward === "split") && (step.optimizer === "together" || optimizer === "staggered"),
  );
  let graph: TaskGraph | undefined;
  let timing: Timing | undefined;
  const steps = wanted.map((step): PipelineFigures => {
    graph = taskGraph(job, failed, step.backward === "whole", slots);
    // Each step may do what the one before did.
    timing = schedulePipeline(graph, step.optimizer === "staggered", timing?.starts);
    const bound = periodBound(graph, step.optimizer === "staggered");
    return { ...step, period: timing.period, bound, peak: Math.max(...peaks(graph, timing.starts)) };
  });
  const faultFree = oneForwardOneBackward(job);
  const workers = workerSchedules(graph!, timing!.starts, failed);
  return { ...steps.at(-1)!, faultFree, steps, workers, slots: job.stages.map((_, stage) => slots(stage)) };
}

function workerSchedules(graph: TaskGraph, starts: Float64Array, failed: readonly PipelineWorker[]): WorkerSchedule[] {
  const { job, durations, workers, slots } = graph;
  const S = job.stages.length;
  const tasks: ScheduledTask[][] = Array.from(slots, () => []);
  durations.forEach((duration, task) => {
    if (duration === 0) return;
    const m = Math.floor(task / 3 / S);
    const [pipeline, microBatch] = [Math.floor(m / job.microBatches), m % job.microBatches];
    const start = starts[task]!;
    tasks[workers[task]!]!.push({ kind: task % 3, pipeline, microBatch, start, end: start + duration });
  });
  const held = peaks(graph, starts);
  return tasks.map((own, worker) => {
    const [pipeline, stage] = [Math.floor(worker / S), worker % S];
    const isFailed = failed.some((other) => other.pipeline === pipeline && other.stage === stage);
    return { pipeline, stage, failed: isFailed, tasks: own.sort((a, b) => a.start - b.start), peak: held[worker]! };
  });
}

/** Activations that each worker holds at once. */
function peaks({ durations, workers, slots }: TaskGraph, starts: Float64Array): number[] {
  const changes: [time: number, change: number][][] = Array.from(slots, () => []);
  workers.forEach((worker, task) => {
    if (task % 3 === FORWARD) changes[worker]!.push([starts[task]!, 1]);
    if (task % 3 === WEIGHT_GRADIENT) changes[worker]!.push([starts[task]! + durations[task]!, -1]);
  });
  return changes.map((own) => {
    let held = 0;
    let most = 0;
    for (const [, change] of own.sort(([a, x], [b, y]) => a - b || x - y)) {
      held += change;
      most = Math.max(most, held);
    }
    return most;
  });
}
