/** Which worker does which micro-batch at which stage. */
import { Infeasible } from "../layout/infeasible.ts";
import { checkJob, type PipelineJob, type PipelineWorker } from "./pipelineJob.ts";

/** Where micro-batches go. */
export interface Route {
  /** Pipeline whose worker does micro-batch m at stage s, at m * S + s. */
  readonly hosts: Int32Array;
  /** Live workers of every stage. */
  readonly live: readonly number[];
}

/**
 * Micro-batches stay in their pipeline; those of a failed worker go round robin to the live workers of its stage (ReCycle,
 * arXiv 2405.14009, adaptive pipelining), so that none has more than ceil(N * D / live).
 * @throws Infeasible when a stage has no live worker, RangeError
 */
export function route(job: PipelineJob, failed: readonly PipelineWorker[]): Route {
  checkJob(job);
  const { pipelines, microBatches, stages } = job;
  const dead = stages.map(() => new Set<number>());
  for (const { pipeline, stage } of failed) {
    if (!(Number.isSafeInteger(pipeline) && pipeline >= 0 && pipeline < pipelines) || dead[stage] === undefined)
      throw new RangeError(`there is no worker ${pipeline}.${stage}`);
    dead[stage].add(pipeline);
  }
  const lost = dead.flatMap(({ size }, stage) => (size === pipelines ? [stage] : []));
  if (lost.length > 0) throw new StagesLost(lost);
  const hosts = new Int32Array(pipelines * microBatches * stages.length);
  dead.forEach((failedHere, stage) => {
    const peers = Array.from({ length: pipelines }, (_, p) => p).filter((p) => !failedHere.has(p));
    let turn = 0;
    for (let m = 0; m < pipelines * microBatches; m++) {
      const own = Math.floor(m / microBatches);
      hosts[m * stages.length + stage] = failedHere.has(own) ? peers[turn++ % peers.length]! : own;
    }
  });
  return { hosts, live: dead.map(({ size }) => pipelines - size) };
}

/** Nobody has the weights of these stages any more. */
export class StagesLost extends Infeasible {
  override readonly name = "StagesLost";
  readonly stages: readonly number[];

  constructor(stages: readonly number[]) {
    super(`no worker of stage ${stages.join(", ")} is left`);
    this.stages = stages;
  }
}
