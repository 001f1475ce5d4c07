/** How a job's state is kept safe, and what that costs: to a store or in peers' memory, all at once or in parts. */
import { checkChoice } from "../algorithms/checkChoice.ts";
import { nodeBytesPerSecond } from "../cost/hardwareSpec.ts";
import { modelSize } from "../cost/modelSize.ts";
import type { StepParts } from "../cost/stepCost.ts";
import { stateBytes, storeSeconds, type TrainingSpec } from "../cost/trainingSpec.ts";

/** How checkpoints are taken. All but the in-memory ones go to the store at the policy's interval. */
export type CheckpointMethod =
  /** The job stands still until the state is in the store. */
  | { readonly kind: "blocking" }
  /** The job stands still while GPUs copy the state to their hosts, which write it in the background. */
  | { readonly kind: "async" }
  /** Only this share of the experts is written each time, in turn (MoC, arXiv 2408.04307). */
  | { readonly kind: "partial"; readonly share: number }
  /** The state goes to a peer's memory every few steps while the network idles (Gemini, SOSP 2023). */
  | { readonly kind: "peers"; readonly everySteps: number }
  /**
   * Operators go to a peer's memory in turn, so many steps for all of them, and a failure stops only those that its node works with
   * (MoEvement, arXiv 2412.15411). Without `windowSteps` as few as the network hides.
   */
  | { readonly kind: "sparse"; readonly windowSteps?: number };

/** Their kinds. */
export const CHECKPOINT_METHODS: readonly CheckpointMethod["kind"][] = ["blocking", "async", "partial", "peers", "sparse"];

/** What a checkpoint to the store costs. */
export interface StoreCosts {
  readonly pauseSeconds: number;
  /** From the end of the pause until the checkpoint counts. */
  readonly backgroundSeconds: number;
}

/** Nodes that hold the same state in memory. */
export const MEMORY_COPIES = 2;

/** What a checkpoint to the store costs on some nodes. */
export function storeCosts(job: TrainingSpec, method: CheckpointMethod, nodes: number): StoreCosts {
  checkChoice("method", method.kind ?? null, CHECKPOINT_METHODS);
  const { recovery } = job.hardware;
  const writeSeconds = storeSeconds(job, nodes);
  if (method.kind === "partial") {
    const pauseSeconds = recovery.checkpointSeconds + writeSeconds * partialShare(job, method.share);
    return { pauseSeconds, backgroundSeconds: 0 };
  }
  if (method.kind === "blocking") return { pauseSeconds: recovery.checkpointSeconds + writeSeconds, backgroundSeconds: 0 };
  const hostRate = (recovery.hostBytesPerSecond ?? USUAL_HOST_RATE) * job.hardware.gpusPerNode;
  return {
    pauseSeconds: stateBytes(job) / nodes / hostRate,
    backgroundSeconds: recovery.checkpointSeconds + writeSeconds,
  };
}

/** A GPU's way to its host, bytes a second: PCIe 4 with 16 lanes, as attained. */
const USUAL_HOST_RATE = 25e9;

/** Part of the state that a checkpoint with a share of the experts has. */
function partialShare({ model }: TrainingSpec, share: number): number {
  const { dense, total } = modelSize(model);
  return (dense + share * (total - dense)) / total;
}

/** Checkpoints in memory: how far they lag behind, and what they cost a step. */
export interface MemoryCosts {
  /** Steps from one complete checkpoint to the next. */
  readonly everySteps: number;
  /** Complete checkpoints that a failure may find unfinished: 1 where they are put together from parts. */
  readonly behind: 0 | 1;
  /** What a step takes longer. */
  readonly stepSeconds: number;
  /** Getting the state from peers' memory. */
  readonly restoreSeconds: number;
  /** Whether the other nodes keep their processes and groups when one is replaced. */
  readonly isLocal: boolean;
}

/**
 * Costs of checkpoints in memory; undefined for a method without them. Traffic hides behind computing, when the network idles.
 * @param parts a step's time
 */
export function memoryCosts(
  job: TrainingSpec,
  method: CheckpointMethod,
  nodes: number,
  parts: StepParts,
): MemoryCosts | undefined {
  if (method.kind !== "peers" && method.kind !== "sparse") return undefined;
  const copySeconds = ((MEMORY_COPIES - 1) * stateBytes(job)) / nodes / nodeBytesPerSecond(job.hardware);
  const idleSeconds = parts.overhead + parts.dense + parts.experts;
  const isLocal = method.kind === "sparse";
  const everySteps = isLocal
    ? (method.windowSteps ?? Math.max(1, Math.ceil(copySeconds / Math.max(idleSeconds, 1e-6))))
    : method.everySteps;
  return {
    everySteps,
    behind: isLocal ? 1 : 0,
    stepSeconds: Math.max(0, copySeconds - everySteps * idleSeconds) / everySteps,
    restoreSeconds: copySeconds,
    isLocal,
  };
}

/**
 * The interval after which checkpoints cost as much as what a failure takes back (Young 1974, Daly 2006).
 * @param pauseSeconds what a checkpoint costs
 * @param secondsBetween time between two restarts
 */
export function youngDalySeconds(pauseSeconds: number, secondsBetween: number): number {
  return Math.sqrt(2 * pauseSeconds * secondsBetween);
}
