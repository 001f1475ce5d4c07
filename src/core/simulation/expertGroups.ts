/** How classic expert parallelism divides nodes: groups that hold one copy of all experts each. */
import type { HardwareSpec } from "../cost/hardwareSpec.ts";
import type { Iteration } from "../cost/iteration.ts";
import { dispatchShare } from "../cost/layoutCost.ts";
import { Infeasible } from "../layout/infeasible.ts";
import { type IteratedJob, layoutIteration, shapeOf } from "./jobIteration.ts";

/** Groups of nodes, or with a layout its blocks: the least that can train. */
export interface ExpertGroups {
  /** Nodes of a group, at least 1. */
  readonly groupSize: number;
  /** GPUs that hold one copy of a layer's experts. */
  readonly ranks: number;
  /** Experts of all layers on a node. */
  readonly expertsPerNode: number;
  readonly mostNodes: number;
  /** Copies of an expert on so many nodes. */
  copies(nodes: number): number;
  /** Time that a token's way takes, in units of the way between servers. */
  leavingShare(nodes: readonly number[]): number;
  /** A step on so many nodes, where the job has a layout. */
  iteration?(nodes: number): Iteration;
}

/**
 * The groups of a job.
 * @throws Infeasible when they do not divide the experts
 */
export function expertGroups(name: string, job: IteratedJob): ExpertGroups {
  return job.layout === undefined ? settingGroups(job) : layoutGroups(name, job);
}

function settingGroups({ model, hardware }: IteratedJob): ExpertGroups {
  const groupSize = model.expertParallelNodes;
  const ranks = groupSize * hardware.gpusPerNode;
  if (model.experts % ranks !== 0) {
    throw new Infeasible(`${model.experts} experts do not divide over the ${ranks} GPUs of an expert-parallel group`);
  }
  return {
    groupSize,
    ranks,
    expertsPerNode: (model.layers * model.experts) / groupSize,
    mostNodes: Number.POSITIVE_INFINITY,
    copies: (nodes) => nodes / groupSize,
    leavingShare: (nodes) => (model.dispatchIsAllRemote ? 1 : leavingShare(nodes, groupSize, hardware)),
  };
}

function layoutGroups(name: string, job: IteratedJob): ExpertGroups {
  const { layout, shape } = shapeOf(name, job);
  const { model, hardware } = job;
  const slotsPerGpu = model.experts / layout.expert;
  const share = dispatchShare(model, hardware, shape);
  const copiesPerBlock = shape.stageGpus / layout.expert;
  return {
    groupSize: Math.max(1, shape.nodesPerBlock),
    ranks: layout.expert,
    expertsPerNode: (hardware.gpusPerNode * model.layers * slotsPerGpu) / layout.pipeline,
    mostNodes: shape.nodes,
    copies: (nodes) => (nodes / shape.nodesPerBlock) * copiesPerBlock,
    leavingShare: () => share,
    iteration: (nodes) => layoutIteration(job, layout, (nodes / shape.nodesPerBlock) * shape.pipelinesPerBlock, slotsPerGpu),
  };
}

/** The worst node's mean over its group. */
function leavingShare(nodes: readonly number[], groupSize: number, hardware: HardwareSpec): number {
  const within = hardware.networkBytesPerSecond / hardware.serverBytesPerSecond;
  const server = (node: number) => Math.floor(node / hardware.nodesPerServer);
  let worst = 0;
  nodes.forEach((node, place) => {
    const first = place - (place % groupSize);
    let share = 0;
    for (const peer of nodes.slice(first, first + groupSize)) {
      if (peer !== node) share += (server(peer) === server(node) ? within : 1) / groupSize;
    }
    // The node's own GPUs exchange tokens too.
    worst = Math.max(worst, share + ((1 - 1 / hardware.gpusPerNode) * within) / groupSize);
  });
  return worst;
}

/** Tokens of the busiest rank of a layer over the mean, experts being dealt in turn: schedules may list them by load, and no system places them so. */
export function dealtImbalance(loads: readonly number[], ranks: number): number {
  const totals = new Array<number>(ranks).fill(0);
  let sum = 0;
  loads.forEach((load, expert) => {
    totals[expert % ranks]! += load;
    sum += load;
  });
  return (ranks * Math.max(...totals)) / sum;
}
