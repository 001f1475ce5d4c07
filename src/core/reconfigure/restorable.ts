/** Copies of experts below the GPUs: in host memory and in the checkpoint store. */

/** Where an expert without a live replica has a copy. */
export type Tier = "host" | "store";

/** Where copies are. */
export interface Restorable {
  /** Nodes of the old placement whose host memory keeps each expert, shape [layers][experts][nodes]. */
  readonly keepers?: readonly (readonly (readonly number[])[])[] | undefined;
  /** Whether the checkpoint store has all experts. */
  readonly store: boolean;
}

/** An expert that lives nowhere, and the tier that has it. */
export interface MissingExpert {
  readonly layer: number;
  /** Index of the layer. */
  readonly index: number;
  readonly expert: number;
  readonly tier: Tier;
}

/** A copy that a live node takes out of its own host memory or out of the store. */
export interface RestoredCopy {
  readonly layer: number;
  readonly expert: number;
  readonly tier: Tier;
  readonly to: number;
}
