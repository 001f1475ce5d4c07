/**
 * The tasks of one iteration and what each waits for. Task (m * S + s) * 3 + kind is F, Bi or Bw of micro-batch m at stage s.
 *
 *   F(m, s)  after F(m, s - 1)
 *   Bi(m, s) after Bi(m, s + 1), at the last stage after F(m, s)
 *   Bw(m, s) after Bi(m, s)
 *
 * A worker holds the activations of a micro-batch from the start of its F to the end of its Bw.
 */
import type { PipelineJob, PipelineWorker } from "./pipelineJob.ts";
import { route } from "./route.ts";

export const FORWARD = 0;
export const INPUT_GRADIENT = 1;
export const WEIGHT_GRADIENT = 2;

/** The tasks of an iteration. */
export interface TaskGraph {
  readonly job: PipelineJob;
  /** Duration of every task. */
  readonly durations: Float64Array;
  /** Worker of every task, p * S + s. */
  readonly workers: Int32Array;
  /** Activations that each worker may hold at once, by p * S + s. */
  readonly slots: Int32Array;
  readonly live: readonly number[];
}

/**
 * @param whole whether the two gradients are one task, for both of which the stage before waits: a Bw then takes no time
 * @param slots activations that a worker of a stage may hold
 * @throws Infeasible when a stage has no live worker, RangeError
 */
export function taskGraph(
  job: PipelineJob,
  failed: readonly PipelineWorker[],
  whole: boolean,
  slots: (stage: number) => number,
): TaskGraph {
  const { hosts, live } = route(job, failed);
  const S = job.stages.length;
  const durations = new Float64Array(hosts.length * 3);
  const workers = new Int32Array(durations.length);
  hosts.forEach((host, place) => {
    const { forward, inputGradient, weightGradient } = job.stages[place % S]!;
    durations.set(whole ? [forward, inputGradient + weightGradient, 0] : [forward, inputGradient, weightGradient], place * 3);
    workers.fill(host * S + (place % S), place * 3, place * 3 + 3);
  });
  const ofWorker = Int32Array.from({ length: job.pipelines * S }, (_, worker) => slots(worker % S));
  if (ofWorker.some((count) => count < 1)) throw new RangeError("a worker that holds no activations does nothing");
  return { job, durations, workers, slots: ofWorker, live };
}

/** Task that this one waits for, -1 for none. */
export function predecessor(task: number, stages: number): number {
  const kind = task % 3;
  if (kind === WEIGHT_GRADIENT) return task - 1;
  const stage = ((task - kind) / 3) % stages;
  if (kind === FORWARD) return stage === 0 ? -1 : task - 3;
  return stage === stages - 1 ? task - 1 : task + 3;
}
