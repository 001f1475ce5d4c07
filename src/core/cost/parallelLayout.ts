/**
 * How a job's GPUs divide the work.
 *
 *   tensor     GPUs that compute a layer of one micro-batch together: a worker
 *   pipeline   stages, each with its part of the layers
 *   expert     GPUs of a stage that hold one copy of its experts
 *   data       pipelines that take different micro-batches
 *
 * A block is the smallest part that works alone: the pipelines that share copies of their experts. Its GPUs are numbered by stage, then pipeline,
 * then place in the worker, and fill nodes in this order.
 */
import { Infeasible } from "../layout/infeasible.ts";

/** Degrees of parallelism, whole numbers of at least 1. */
export interface ParallelLayout {
  readonly tensor: number;
  readonly pipeline: number;
  readonly expert: number;
  readonly data: number;
}

/** A layout on nodes of some size. */
export interface LayoutShape {
  readonly gpusPerNode: number;
  readonly pipelinesPerBlock: number;
  /** Below 1 where a node holds several blocks. */
  readonly nodesPerBlock: number;
  /** Nodes of the whole layout. */
  readonly nodes: number;
  /** GPUs of a stage in a block. */
  readonly stageGpus: number;
}

/**
 * The shape of a layout.
 * @throws Infeasible when its parts do not divide each other, the nodes or the experts
 */
export function layoutShape(layout: ParallelLayout, experts: number, gpusPerNode: number): LayoutShape {
  const { tensor, pipeline, expert, data } = layout;
  if (gpusPerNode % tensor !== 0) {
    throw new Infeasible(`tensor parallelism over ${tensor} GPUs does not divide a node's ${gpusPerNode}`);
  }
  const stageGpus = Math.max(tensor, expert);
  if (stageGpus % Math.min(tensor, expert) !== 0) {
    throw new Infeasible(`expert parallelism over ${expert} GPUs and tensor parallelism over ${tensor} do not divide each other`);
  }
  if (experts % expert !== 0) throw new Infeasible(`${experts} experts do not divide over ${expert} GPUs`);
  const gpus = pipeline * stageGpus;
  if (gpus % gpusPerNode !== 0 && gpusPerNode % gpus !== 0) {
    throw new Infeasible(`a block of ${pipeline} stages of ${stageGpus} GPUs does not divide into nodes of ${gpusPerNode}`);
  }
  const pipelinesPerBlock = stageGpus / tensor;
  const nodes = (data * tensor * pipeline) / gpusPerNode;
  if (data % pipelinesPerBlock !== 0 || !Number.isInteger(nodes)) {
    const step = pipelinesPerBlock * Math.max(1, gpusPerNode / gpus);
    throw new Infeasible(`${data} pipelines do not fill whole nodes and copies of the experts; take a multiple of ${step}`);
  }
  return { gpusPerNode, pipelinesPerBlock, nodesPerBlock: gpus / gpusPerNode, nodes, stageGpus };
}

/** The most pipelines that so many nodes hold: none where they are too few for a block. */
export function mostPipelines(
  { tensor, pipeline, expert }: Omit<ParallelLayout, "data">,
  nodes: number,
  gpusPerNode: number,
): number {
  const stageGpus = Math.max(tensor, expert);
  return Math.floor((nodes * gpusPerNode) / (pipeline * stageGpus)) * (stageGpus / tensor);
}

/** What a node at a place of the layout holds: its workers by pipeline and stage. */
export function workersOfNode({ tensor, pipeline }: ParallelLayout, shape: LayoutShape, place: number) {
  const { gpusPerNode, stageGpus, pipelinesPerBlock } = shape;
  return Array.from({ length: gpusPerNode / tensor }, (_, i) => {
    const gpu = place * gpusPerNode + i * tensor;
    const [block, within] = [Math.floor(gpu / (pipeline * stageGpus)), gpu % (pipeline * stageGpus)];
    const first = block * pipelinesPerBlock;
    return { pipeline: first + Math.floor((within % stageGpus) / tensor), stage: Math.floor(within / stageGpus) };
  });
}
