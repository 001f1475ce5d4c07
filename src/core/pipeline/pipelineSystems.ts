/**
 * Periods of an iteration after failures under systems that keep the global batch, for simulations: each is a function of the failed
 * workers, without what the change itself costs.
 */
import { Infeasible } from "../layout/infeasible.ts";
import { oneForwardOneBackward } from "./oneForwardOneBackward.ts";
import { checkJob, type PipelineJob, type PipelineWorker, type StageTimes, stageWork } from "./pipelineJob.ts";
import { StagesLost } from "./route.ts";
import { schedulePipeline } from "./schedulePipeline.ts";
import { taskGraph } from "./taskGraph.ts";

/** A job some layers of which may have experts, shared out over the workers of their stage in all pipelines. */
export interface ExpertPipelineJob extends PipelineJob {
  /** Times of the experts of each stage, beside those of its dense layers, when loads are even; nothing where it has none. */
  readonly experts: readonly (StageTimes | undefined)[];
}

/**
 * ReCycle's period: greedy schedules only, split backward passes, staggered optimizers.
 * @param slots activations that a worker of a stage may hold
 * @throws StagesLost when a stage has no live worker, RangeError
 */
export function recyclePeriod(job: PipelineJob, failed: readonly PipelineWorker[], slots: (stage: number) => number): number {
  return schedulePipeline(taskGraph(job, failed, false, slots), true, undefined, 0).period;
}

/**
 * The same for a job with experts. ReCycle alone cannot do it: peers of a dead worker do not have its experts. Here dense layers are
 * rerouted and experts re-placed over the live workers of their stage, which do all the stage's tokens: an expert's work
 * follows the micro-batches of its worker, times how uneven the placement is.
 * @param balance load of the busiest live worker of a stage over the mean, by the placement of its experts; undefined when experts
 *   are lost
 * @throws StagesLost, Infeasible when experts are lost, RangeError
 */
export function hybridPeriod(
  job: ExpertPipelineJob,
  failed: readonly PipelineWorker[],
  slots: (stage: number) => number,
  balance: (stage: number) => number | undefined,
): number {
  const stages = job.stages.map((dense, stage): StageTimes => {
    const experts = job.experts[stage];
    if (experts === undefined) return dense;
    const uneven = balance(stage);
    if (uneven === undefined) throw new Infeasible(`experts of stage ${stage} are lost`);
    if (!(uneven >= 1)) throw new RangeError(`a balance is at least 1, got ${uneven}`);
    return {
      forward: dense.forward + uneven * experts.forward,
      inputGradient: dense.inputGradient + uneven * experts.inputGradient,
      weightGradient: dense.weightGradient + uneven * experts.weightGradient,
    };
  });
  return recyclePeriod({ ...job, stages }, failed, slots);
}

/**
 * Period under Oobleck's pipeline templates (Jang et al., arXiv 2309.08125): a pipeline that lost workers goes on with those it has left, its
 * layers divided evenly among them, in 1F1B; one with fewer than `least` is dissolved, its workers go to the shortest others. The
 * micro-batches of all are divided so that the last pipeline is done earliest, and optimizers step together.
 *
 * A simplification in its favour where stages differ: layers divide evenly.
 * @param least workers that a pipeline needs for its memory
 * @throws StagesLost with all stages when no pipeline has enough workers
 */
export function oobleckPeriod(job: PipelineJob, failed: readonly PipelineWorker[], least: number): number {
  checkJob(job);
  const S = job.stages.length;
  const dead = new Set(failed.map(({ pipeline, stage }) => pipeline * S + stage));
  if (dead.size === 0) return oneForwardOneBackward(job);
  const left = new Array<number>(job.pipelines).fill(S);
  for (const worker of dead) left[Math.floor(worker / S)]!--;
  const lengths = left.filter((count) => count >= least && count > 0);
  if (lengths.length === 0) throw new StagesLost(job.stages.map((_, stage) => stage));
  let free = left.filter((count) => count < least).reduce((sum, count) => sum + count, 0);
  for (; free > 0; free--) {
    const shortest = lengths.indexOf(Math.min(...lengths));
    // No template is longer than the job's own pipelines.
    if (lengths[shortest]! >= S) break;
    lengths[shortest]!++;
  }
  const work = job.stages.reduce((sum, times) => sum + stageWork(times), 0);
  return earliestEnd(lengths, job.pipelines * job.microBatches, work);
}

/** Least time in which pipelines of these lengths do so many micro-batches: one with n takes (n + length - 1) work / length. */
function earliestEnd(lengths: readonly number[], microBatches: number, work: number): number {
  const groups = [...new Set(lengths)].map((length) => ({
    length,
    pipelines: lengths.filter((other) => other === length).length,
    done: 0,
  }));
  const nextEnd = ({ length, done }: (typeof groups)[number]) => ((done + length) * work) / length;
  let end = 0;
  // One after the other to the pipelines that are done with it first, all of a length in turn: ends only grow with the number.
  for (let left = microBatches; left > 0; ) {
    const best = groups.reduce((first, group) => (nextEnd(group) < nextEnd(first) ? group : first));
    end = Math.max(end, nextEnd(best));
    best.done++;
    left -= best.pipelines;
  }
  return end;
}
