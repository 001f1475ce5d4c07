/** What an iteration costs where tensor, pipeline, expert and data parallelism share out the work. */
import type { HardwareSpec } from "./hardwareSpec.ts";
import type { ModelSpec } from "./modelSpec.ts";
import type { LayoutShape, ParallelLayout } from "./parallelLayout.ts";
import { microBatchCost, type StepCostCoefficients } from "./stepCost.ts";

/**
 * Coefficients of one micro-batch at one stage, all stages having the same part of the layers, and of an iteration's synchronisation.
 * Compute and traffic count the tokens of all layers, as in a job without stages; sync counts a node's experts of its stages' layers.
 * @param pipelines that train
 * @param slotsPerGpu experts of a layer whose weights a GPU reads
 * @throws Infeasible when the hardware lacks a figure that the model needs
 */
export function layoutCost(
  model: ModelSpec,
  hardware: HardwareSpec,
  { tensor, pipeline }: ParallelLayout,
  pipelines: number,
  slotsPerGpu: number,
): StepCostCoefficients {
  const micro = microBatchCost(model, hardware, { gpus: tensor, slotsPerGpu });
  const overhead = micro.overhead / pipeline;
  const dense = micro.dense / pipeline;
  const denseSync = ((micro.denseSync / pipeline) * (pipelines - 1)) / pipelines;
  return {
    base: overhead + dense + denseSync,
    overhead,
    dense,
    denseSync,
    perCompute: micro.perCompute / pipeline,
    perTraffic: micro.perTraffic / pipeline,
    // A GPT model's own figure is for a node that synchronises over one adapter.
    perSync: micro.perSync / (model.architecture === "gpt" ? hardware.gpusPerNode : 1),
  };
}

/**
 * How long a token's way to its experts is, in units of the network's: what stays in the node goes over the faster links, and where a token
 * goes to a few nodes at most, only so many copies cross the network.
 */
export function dispatchShare(
  model: ModelSpec,
  hardware: HardwareSpec,
  { stageGpus, gpusPerNode }: Pick<LayoutShape, "stageGpus" | "gpusPerNode">,
): number {
  const local = Math.min(stageGpus, gpusPerNode);
  const within = hardware.networkBytesPerSecond / hardware.serverBytesPerSecond;
  const copies = Math.min(1, (model.nodesPerToken ?? model.topK) / model.topK);
  return (copies * (stageGpus - local) + (local - 1) * within) / stageGpus;
}
