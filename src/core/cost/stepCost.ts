/** How long a training step takes, as a linear function of what a plan does to the busiest rank. */
import { checkChoice } from "../algorithms/checkChoice.ts";
import { Infeasible } from "../layout/infeasible.ts";
import type { HardwareSpec } from "./hardwareSpec.ts";
import { attentionParameters, headProducts, modelSize, outputParameters } from "./modelSize.ts";
import type { DeepSeekModel, GptModel, GroupedQueryModel, ModelSpec } from "./modelSpec.ts";

/**
 * Seconds a step takes for each unit of a plan's cost: base + compute * perCompute + traffic * perTraffic + sync * perSync.
 * Compute and traffic count a rank's mean tokens, summed over the layers; sync counts (hosts - 1) / hosts over the experts
 * of the busiest node, summed over the layers.
 */
export interface StepCostCoefficients {
  /** What no placement changes: `overhead + dense + denseSync`. */
  readonly base: number;
  readonly overhead: number;
  readonly dense: number;
  readonly denseSync: number;
  readonly perCompute: number;
  readonly perTraffic: number;
  readonly perSync: number;
}

/** Seconds that a step takes for each unit of a plan's cost (see `planCost`). */
export type StepCost = Pick<StepCostCoefficients, "base" | "perCompute" | "perTraffic" | "perSync">;

/** What a plan costs, in the units of StepCostCoefficients. */
export interface PlanCost {
  readonly compute: number;
  readonly traffic: number;
  readonly sync: number;
}

/** Seconds of a step by what they are spent on. */
export interface StepParts {
  readonly overhead: number;
  readonly dense: number;
  readonly denseSync: number;
  readonly experts: number;
  readonly allToAll: number;
  readonly expertSync: number;
  /** Workers of a pipeline that wait for each other; nothing without pipelines. */
  readonly bubble?: number;
}

/** How the GPUs that compute a micro-batch together are fewer than a node's, or hold other slots than a node's share. */
export interface WorkerShare {
  readonly gpus: number;
  readonly slotsPerGpu: number;
}

/**
 * The step-cost coefficients of a model on a kind of cluster.
 * @param nodes nodes that take part, at least 1
 * @param gradientAccumulation steps between two synchronisations of the gradients
 * @throws RangeError when the hardware lacks a figure that the model needs
 */
export function stepCostCoefficients(
  model: ModelSpec,
  hardware: HardwareSpec,
  nodes: number,
  gradientAccumulation = 1,
): StepCostCoefficients {
  checkChoice("architecture", model.architecture ?? null, ["gpt", "deepseek", "grouped-query"]);
  if (model.architecture !== "gpt") checkChoice("precision", model.precision ?? null, Object.keys(BYTES));
  const { gpusPerNode } = hardware;
  const parts =
    model.architecture === "gpt"
      ? gptCost(model, hardware)
      : gatedCost(model, hardware, { gpus: gpusPerNode, slotsPerGpu: model.slotsPerNode / gpusPerNode });
  const denseSync = (parts.denseSync * (nodes - 1)) / nodes / gradientAccumulation;
  return {
    ...parts,
    base: parts.overhead + parts.dense + denseSync,
    denseSync,
    perSync: parts.perSync / gradientAccumulation,
  };
}

/** Splits a step's time by what it is spent on. */
export function stepParts(coefficients: StepCostCoefficients, cost: PlanCost): StepParts {
  return {
    overhead: coefficients.overhead,
    dense: coefficients.dense,
    denseSync: coefficients.denseSync,
    experts: cost.compute * coefficients.perCompute,
    allToAll: cost.traffic * coefficients.perTraffic,
    expertSync: cost.sync * coefficients.perSync,
  };
}

/** Seconds that a step takes. */
export function stepSeconds(
  coefficients: Pick<StepCostCoefficients, "base" | "perCompute" | "perTraffic" | "perSync">,
  cost: PlanCost,
): number {
  return (
    coefficients.base +
    cost.compute * coefficients.perCompute +
    cost.traffic * coefficients.perTraffic +
    cost.sync * coefficients.perSync
  );
}

/** Seconds of all parts. */
export function totalOfParts(parts: StepParts): number {
  return Object.values(parts).reduce((sum, seconds) => sum + seconds, 0);
}

/** Coefficients before the number of nodes and the gradient accumulation are known; `denseSync` is for infinitely many nodes. */
type UnscaledCost = Omit<StepCostCoefficients, "base">;

/**
 * Coefficients of a micro-batch of the model's sequences on one worker that has all layers.
 * @throws Infeasible when the hardware lacks a figure that the model needs
 */
export function microBatchCost(model: ModelSpec, hardware: HardwareSpec, share: WorkerShare): UnscaledCost {
  return model.architecture === "gpt" ? gptCost(model, hardware, share.gpus) : gatedCost(model, hardware, share);
}

/** Floating-point operations of a forward and a backward pass, for one multiply-add of the forward pass. */
const TRAINING_FLOPS = 6;
/** Ring all-reduce sends every FP16 gradient twice: once to be summed, once to be shared. */
const ALL_REDUCE_BYTES = 4;
const FP16_BYTES = 2;
/** Dispatch and combine, forward and backward. */
const ALL_TO_ALLS = 4;

/** @param gpus that compute a micro-batch together, each its part of the tokens and of the dense parameters */
function gptCost(model: GptModel, hardware: HardwareSpec, gpus = 1): UnscaledCost {
  const { hidden, layers, sequence, vocabulary } = model;
  const flops = hardware.fp16Flops * hardware.computeEfficiency;
  const network = hardware.networkBytesPerSecond * hardware.bandwidthEfficiency;
  const tokens = model.sequencesPerNode * sequence;
  const size = modelSize(model);
  // Attention: four projections, and scores and values over the whole sequence.
  const attention = layers * (4 * hidden ** 2 + 2 * sequence * hidden);
  return {
    overhead: hardware.stepOverheadSeconds,
    dense: (TRAINING_FLOPS * tokens * (attention + vocabulary * hidden)) / gpus / flops,
    denseSync: (ALL_REDUCE_BYTES * size.dense) / gpus / network,
    perCompute: (TRAINING_FLOPS * tokens * model.topK * size.expert) / gpus / flops,
    perTraffic: (ALL_TO_ALLS * FP16_BYTES * tokens * model.topK * hidden) / gpus / network,
    perSync: (ALL_REDUCE_BYTES * size.expert) / network,
  };
}

/** A training step takes three times a forward pass: the backward pass computes and sends twice as much. */
const FORWARD_TO_STEP = 3;
/** Part of the arithmetic rate that the attention kernels attain. */
const ATTENTION_EFFICIENCY = 0.7;
/** Kernel launches and the latency of an all-reduce, for every attention layer. */
const ATTENTION_LATENCY_SECONDS = 0.065e-3;
/** Latency of the dispatch and of the combine all-to-all, each. */
const ALL_TO_ALL_LATENCY_SECONDS = 0.05e-3;
/** Of a weight, and of a number on its way to an expert; the way back is in 16 bits. */
const BYTES = { fp8: 1, bf16: 2 } as const;
const COMBINE_BYTES = 2;

/**
 * Three times the forward pass of the published prefill model of DeepSeek-V3 (shallowsim), tensor parallel within a node, and the
 * synchronisation of the gradients, which that model leaves out. Other gated models alike, with their own attention and precision.
 */
function gatedCost(
  model: DeepSeekModel | GroupedQueryModel,
  hardware: HardwareSpec,
  { gpus, slotsPerGpu }: WorkerShare,
): UnscaledCost {
  const { hidden, sequence, heads, precision } = model;
  const { memoryBytesPerSecond, gpusPerNode } = hardware;
  const flops = precision === "fp8" ? hardware.fp8Flops : hardware.fp16Flops;
  if (flops === undefined || memoryBytesPerSecond === undefined) {
    throw new Infeasible(`hardware ${hardware.name} lacks fp8Flops or memoryBytesPerSecond, which ${model.name} needs`);
  }
  const matrices = flops * hardware.computeEfficiency;
  const fp16 = hardware.fp16Flops * hardware.computeEfficiency;
  const memory = memoryBytesPerSecond * hardware.bandwidthEfficiency;
  const server = hardware.serverBytesPerSecond * hardware.bandwidthEfficiency;
  const network = hardware.networkBytesPerSecond * hardware.bandwidthEfficiency;

  const tokens = model.sequencesPerNode * sequence;
  const output = outputParameters(model);
  const projections = tokens * (attentionParameters(model) - output);
  const scoresAndValues = tokens * (sequence * heads * headProducts(model) + output);
  const attention =
    ((2 * projections) / matrices / ATTENTION_EFFICIENCY +
      (2 * scoresAndValues) / fp16 / ATTENTION_EFFICIENCY +
      (BYTES[precision] * attentionParameters(model)) / memory) /
      gpus +
    (gpus === 1 ? 0 : (tokens * hidden * FP16_BYTES) / server) +
    ATTENTION_LATENCY_SECONDS;

  const tokensPerGpu = tokens / gpus;
  const feedForward = (inner: number) => (6 * tokensPerGpu * hidden * inner) / matrices;
  const expertWeights = (slotsPerGpu * BYTES[precision] * 3 * hidden * model.expertFeedForward) / memory;
  const dense =
    (model.layers + model.denseLayers) * attention +
    model.denseLayers * feedForward(model.denseFeedForward) +
    model.layers * (model.sharedExperts * feedForward(model.expertFeedForward) + expertWeights + 2 * ALL_TO_ALL_LATENCY_SECONDS);
  return {
    overhead: hardware.stepOverheadSeconds,
    dense: FORWARD_TO_STEP * dense,
    denseSync: (ALL_REDUCE_BYTES * modelSize(model).dense) / gpus / network,
    perCompute: FORWARD_TO_STEP * model.topK * feedForward(model.expertFeedForward),
    perTraffic: (FORWARD_TO_STEP * (BYTES[precision] + COMBINE_BYTES) * tokensPerGpu * model.topK * hidden) / network,
    // Every GPU of the node sends its part of the node's gradients.
    perSync: (ALL_REDUCE_BYTES * modelSize(model).expert) / gpusPerNode / network,
  };
}
