/** Rules for what a worker does first, from which searches for a schedule start. */
import type { PipelineJob } from "./pipelineJob.ts";
import { FORWARD, INPUT_GRADIENT, type TaskGraph, WEIGHT_GRADIENT } from "./taskGraph.ts";

/**
 * Urgencies of all tasks by six rules, the least urgent number first: gradients of inputs before forward passes, forward passes
 * first, or these first up to the last stage that lost a worker, which keeps its live ones supplied; micro-batches in turn over the
 * pipelines, or those ahead that were rerouted. Gradients of weights fill what is left (ReCycle, decoupled backward).
 */
export function urgencies(graph: TaskGraph): Float64Array[] {
  const { job, durations, live } = graph;
  const S = job.stages.length;
  const lastHurt = live.findLastIndex((count) => count < job.pipelines);
  const forwardFirst = [() => false, () => true, (stage: number) => stage <= lastHurt];
  const orders = [(m: number) => turn(job, m), (m: number) => turn(job, m) - (isRerouted(graph, m) ? 2 * job.pipelines : 0)];
  const apart = 4 * job.pipelines * (job.microBatches + 1);
  return orders.flatMap((order) =>
    forwardFirst.map((isForwardFirst) =>
      Float64Array.from(durations, (_, task) => {
        const place = Math.floor(task / 3);
        const kind = task % 3;
        const first = isForwardFirst(place % S) ? FORWARD : INPUT_GRADIENT;
        const rank = kind === WEIGHT_GRADIENT ? 2 : kind === first ? 0 : 1;
        return rank * apart + order(Math.floor(place / S));
      }),
    ),
  );
}

/** First micro-batches of all pipelines, then second ones. */
function turn({ pipelines, microBatches }: PipelineJob, m: number): number {
  return (m % microBatches) * pipelines + Math.floor(m / microBatches);
}

/** Whether another pipeline does a stage of it. */
function isRerouted({ job, workers }: TaskGraph, m: number): boolean {
  const S = job.stages.length;
  const own = Math.floor(m / job.microBatches);
  return job.stages.some((_, stage) => Math.floor(workers[(m * S + stage) * 3]! / S) !== own);
}
