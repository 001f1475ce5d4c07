/** What a Mixture-of-Experts model is made of: the data that the cost model and the simulator work from. */

import type { Activation, Gate } from "./gate.ts";

/** When checkpoints are taken: every so many steps, or so long after the last one began. */
export type CheckpointInterval = { readonly steps: number } | { readonly seconds: number };

/** How the job uses the model on a cluster; one node is the unit of failure and of data parallelism. */
export interface TrainingSetting {
  /** Sequences that a node takes in one step. */
  readonly sequencesPerNode: number;
  /** Expert replicas of a layer that fit on one node (c in the paper). */
  readonly slotsPerNode: number;
  /** Copies that an elastic system keeps of every expert (f in the paper). */
  readonly minReplicas: number;
  /** Nodes over which classic expert parallelism spreads one copy of all experts of a layer. */
  readonly expertParallelNodes: number;
  /** Weights, gradients' master copies and optimizer state in a checkpoint. */
  readonly stateBytesPerParameter: number;
  /** Usual checkpoint interval of systems that restart after every failure. */
  readonly checkpointEvery: CheckpointInterval;
  /** Usual checkpoint interval of systems that survive most failures. */
  readonly faultTolerantCheckpointEvery: CheckpointInterval;
  /** Usual number of steps between two synchronisations of the gradients; 1 without it. */
  readonly gradientAccumulation?: number;
  /** Nodes that a token goes to at most, where routing is limited so; layouts count with it, the paper's performance model does not. */
  readonly nodesPerToken?: number;
  /** Whether a token counts as sent even when its expert is at hand, as in DeepSeek-V3's published performance model. */
  readonly dispatchIsAllRemote: boolean;
  /** How the router weighs experts; `layerForm` says what holds without it. */
  readonly gate?: Gate;
  /** What an expert computes; `layerForm` says what holds without it. */
  readonly activation?: Activation;
  /** Where the figures are from, by field. */
  readonly sources?: Readonly<Record<string, string>>;
}

/** GPT-2 with every feed-forward network replaced by experts. */
export interface GptModel extends TrainingSetting {
  readonly name: string;
  readonly architecture: "gpt";
  /** MoE layers. */
  readonly layers: number;
  readonly experts: number;
  /** Experts that a token is routed to. */
  readonly topK: number;
  /** Feature dimension. */
  readonly hidden: number;
  readonly sequence: number;
  readonly vocabulary: number;
}

/** What today's large models share: gated experts (three matrices), shared ones beside them, some dense layers in front. */
export interface GatedModel extends TrainingSetting {
  readonly name: string;
  /** MoE layers. */
  readonly layers: number;
  /** Layers without experts in front of them. */
  readonly denseLayers: number;
  readonly experts: number;
  /** Experts that every token goes to, each as wide as the others. */
  readonly sharedExperts: number;
  readonly topK: number;
  readonly hidden: number;
  /** Width of the dense layers' networks; of no account without such layers. */
  readonly denseFeedForward: number;
  readonly expertFeedForward: number;
  readonly heads: number;
  readonly sequence: number;
  readonly vocabulary: number;
  /** What matrices are multiplied in, weights kept in and tokens sent in. */
  readonly precision: "fp8" | "bf16";
}

/** The DeepSeek family: latent attention. */
export interface DeepSeekModel extends GatedModel {
  readonly architecture: "deepseek";
  readonly queryRank: number;
  readonly keyValueRank: number;
  readonly noPositionHead: number;
  readonly rotaryHead: number;
  readonly valueHead: number;
}

/** Qwen, Mixtral, gpt-oss, GLM: grouped-query attention. */
export interface GroupedQueryModel extends GatedModel {
  readonly architecture: "grouped-query";
  readonly keyValueHeads: number;
  readonly headSize: number;
}

/** A model that the cost model knows. */
export type ModelSpec = GptModel | DeepSeekModel | GroupedQueryModel;
