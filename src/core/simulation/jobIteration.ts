/** What a step of a job consists of: a micro-batch of every node, or an iteration. */
import type { Iteration } from "../cost/iteration.ts";
import { dispatchShare, layoutCost } from "../cost/layoutCost.ts";
import type { ModelSpec } from "../cost/modelSpec.ts";
import { layoutShape, type ParallelLayout } from "../cost/parallelLayout.ts";
import { stepCostCoefficients } from "../cost/stepCost.ts";
import { Infeasible } from "../layout/infeasible.ts";
import type { Job } from "./job.ts";

/** What of a job its iterations depend on. */
export type IteratedJob = Pick<Job, "model" | "hardware" | "gradientAccumulation" | "layout" | "globalBatch">;

/** A step on nodes that all have all layers, where the job has no layout. */
export function nodeIteration({ model, hardware, gradientAccumulation, globalBatch }: IteratedJob, nodes: number): Iteration {
  const each = nodes * model.sequencesPerNode;
  if (globalBatch === undefined) {
    const coefficients = stepCostCoefficients(model, hardware, nodes, gradientAccumulation);
    return { coefficients, microBatches: 1, slots: 1, samples: each };
  }
  const microBatches = Math.ceil(globalBatch / each);
  return { coefficients: stepCostCoefficients(model, hardware, nodes), microBatches, slots: microBatches, samples: globalBatch };
}

/** Micro-batches of each of so many pipelines. */
export function microBatchesOf({ model, gradientAccumulation, globalBatch }: IteratedJob, pipelines: number): number {
  return globalBatch === undefined ? gradientAccumulation : Math.ceil(globalBatch / pipelines / model.sequencesPerNode);
}

/**
 * An iteration of a layout.
 * @param pipelines whose micro-batches these are
 * @param slotsPerGpu experts of a layer that a GPU holds
 * @param schedule of the micro-batches; synchronous 1F1B on whole pipelines without it: (N + S - 1) of a stage's times
 */
export function layoutIteration(
  job: IteratedJob,
  layout: ParallelLayout,
  pipelines: number,
  slotsPerGpu: number,
  schedule?: Pick<Iteration, "microBatches" | "slots">,
): Iteration {
  const { model, hardware, globalBatch } = job;
  const microBatches = microBatchesOf(job, pipelines);
  return {
    coefficients: layoutCost(model, hardware, layout, pipelines, slotsPerGpu),
    ...(schedule ?? { microBatches, slots: microBatches + layout.pipeline - 1 }),
    samples: globalBatch ?? pipelines * microBatches * model.sequencesPerNode,
  };
}

/** How a system that places experts over all nodes of a stage fits into a layout. */
export interface PlacedLayout {
  /** Factor on the tokens that leave their GPU: not all of them cross the network. */
  readonly trafficShare: (nodes: number) => number;
  readonly iteration: (nodes: number) => Iteration;
}

/**
 * The same for a system whose nodes all have all layers; undefined where the job has no layout.
 * @throws Infeasible when the layout has stages
 */
export function placedLayout(name: string, job: IteratedJob): PlacedLayout | undefined {
  const { layout, model, hardware } = job;
  if (layout === undefined) return undefined;
  if (layout.pipeline > 1) {
    throw new Infeasible(
      `${name} places experts over all nodes and knows no pipeline stages; with --pp simulate hybrid, which does so stage by stage`,
    );
  }
  const { gpusPerNode } = hardware;
  const slotsPerGpu = model.slotsPerNode / gpusPerNode;
  return {
    trafficShare: (nodes) => trafficShare(model, job, nodes * gpusPerNode),
    iteration: (nodes) => layoutIteration(job, layout, (nodes * gpusPerNode) / layout.tensor, slotsPerGpu),
  };
}

/** The share of a plan's traffic over the network where a stage has so many GPUs. */
export function trafficShare(model: ModelSpec, { hardware }: Pick<Job, "hardware">, stageGpus: number): number {
  const { gpusPerNode } = hardware;
  const all = dispatchShare(model, hardware, { stageGpus, gpusPerNode });
  // Plans count tokens that leave their GPU, unless the model has all of them sent.
  return model.dispatchIsAllRemote || stageGpus === 1 ? all : (all * stageGpus) / (stageGpus - 1);
}

/** The shape of a job's layout. @throws Infeasible without one, or when it does not divide */
export function shapeOf(name: string, { layout, model, hardware }: IteratedJob) {
  if (layout === undefined) throw new Infeasible(`${name} needs pipelines: pass --pp STAGES`);
  return { layout, shape: layoutShape(layout, model.experts, hardware.gpusPerNode) };
}
