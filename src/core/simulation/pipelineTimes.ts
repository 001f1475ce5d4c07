/** How long the micro-batches of an iteration take after failures, in units of a micro-batch at a stage; all stages take the same time. */
import type { Iteration } from "../cost/iteration.ts";
import { type StageLoad, stageBound } from "../pipeline/periodBound.ts";
import type { PipelineJob, PipelineWorker } from "../pipeline/pipelineJob.ts";
import { oobleckPeriod, recyclePeriod } from "../pipeline/pipelineSystems.ts";
import { StagesLost } from "../pipeline/route.ts";

/** Time of the micro-batches when some workers have failed; cached by which. */
export type PipelineTimes = (failed: readonly PipelineWorker[]) => Pick<Iteration, "microBatches" | "slots">;

/** Forward pass and both gradients take the same time: two thirds of a step are the backward pass. */
const STAGE = { forward: 1, inputGradient: 1, weightGradient: 1 };
const STAGE_WORK = 3;
/** Tasks up to which schedules are made; beyond, the bound that none can beat stands in. */
const MOST_TASKS = 20_000;

/**
 * ReCycle's: greedy schedules; a worker of any stage may hold as many activations as 1F1B needs at the first one.
 * @throws StagesLost when a stage has no live worker
 */
export function recycleTimes(pipelines: number, stages: number, microBatches: number): PipelineTimes {
  const job = pipelineJob(pipelines, stages, microBatches);
  const slots = () => stages;
  return cachedTimes(stages, (failed) => {
    const live = new Array<number>(stages).fill(pipelines);
    for (const { stage } of failed) live[stage]!--;
    const lost = live.flatMap((count, stage) => (count === 0 ? [stage] : []));
    if (lost.length > 0) throw new StagesLost(lost);
    const period =
      pipelines * stages * microBatches > MOST_TASKS
        ? stageBound(stageLoads(job, live, stages), true).period
        : recyclePeriod(job, failed, slots);
    return { microBatches: Math.ceil((microBatches * pipelines) / Math.min(...live)), slots: period / STAGE_WORK };
  });
}

/**
 * What the busiest worker of each stage has to do, as `route` deals it: to the live workers of the stage in turns.
 * @param live workers of each stage, shape [stages]
 * @param slots activations that a worker may hold
 */
export function stageLoads(
  { pipelines, microBatches, stages }: PipelineJob,
  live: readonly number[],
  slots: number,
): StageLoad[] {
  return live.map((count, stage) => ({
    time: stages[stage]!,
    microBatches: microBatches + Math.ceil(((pipelines - count) * microBatches) / count),
    slots,
  }));
}

/** A pipeline of fewer workers than this part of its stages is dissolved: an assumption, since it depends on their memory. */
const LEAST_LENGTH = 1 / 2;

/**
 * Oobleck's, by pipeline templates.
 * @throws StagesLost when no pipeline has enough workers
 */
export function oobleckTimes(pipelines: number, stages: number, microBatches: number): PipelineTimes {
  const job = pipelineJob(pipelines, stages, microBatches);
  return cachedTimes(stages, (failed) => {
    const slots = oobleckPeriod(job, failed, Math.ceil(LEAST_LENGTH * stages)) / STAGE_WORK;
    const workers = pipelines * stages;
    return { microBatches: Math.min(slots, (microBatches * workers) / (workers - failed.length)), slots };
  });
}

function pipelineJob(pipelines: number, stages: number, microBatches: number): PipelineJob {
  return { pipelines, microBatches, stages: new Array(stages).fill(STAGE) };
}

/** Pipelines are alike: only which stages fail together in one counts, not in which. */
function cachedTimes(stages: number, times: PipelineTimes): PipelineTimes {
  const known = new Map<string, ReturnType<PipelineTimes>>();
  return (failed) => {
    const byPipeline = new Map<number, number[]>();
    for (const { pipeline, stage } of failed) byPipeline.set(pipeline, [...(byPipeline.get(pipeline) ?? []), stage]);
    const losses = [...byPipeline.values()].map((lost) => lost.sort((a, b) => a - b));
    losses.sort((a, b) => b.length - a.length || (a.join() < b.join() ? -1 : 1));
    const key = losses.map((lost) => lost.join()).join(";");
    let found = known.get(key);
    if (found === undefined) {
      found = times(losses.flatMap((lost, pipeline) => lost.map((stage) => ({ pipeline, stage: stage % stages }))));
      known.set(key, found);
    }
    return found;
  };
}
