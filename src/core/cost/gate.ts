/** What a model's router makes of scores, and what its experts compute. */

/** From the logits of a token to its experts and their weights. */
export interface Gate {
  /** What makes scores of logits; softmax is over all experts. */
  readonly scores: "softmax" | "sigmoid";
  /** Whether experts are chosen by score and a bias each that keeps loads even (DeepSeek-V3, arXiv 2412.19437, eq. 16). */
  readonly biased?: boolean;
  /** Whether the weights of the chosen add up to one; without, scores are weights as they are. */
  readonly renormalized: boolean;
  /** Factor on all weights; 1 without it. */
  readonly scale?: number;
  /** A token's experts are from these many of so many groups of equal size; without it, from all. */
  readonly groups?: ExpertGroups;
}

/** Groups, neighbours by number, and what of its experts' scores makes a group worth choosing. */
export interface ExpertGroups {
  readonly count: number;
  readonly chosen: number;
  /** Its largest score (DeepSeek-V2), or the sum of its two largest (DeepSeek-V3). */
  readonly by: "largest" | "two-largest";
}

/**
 * What is between an expert's matrices: GELU between two; or with a third beside the first, SiLU of one result times the other
 * (SwiGLU), or the same with both clamped to 7, a steeper SiLU (1.702) and one added to the other (gpt-oss).
 */
export type Activation = "gelu" | "swiglu" | "clamped-swiglu";
