/** What all readers of other systems' routing records share. */
import { InputError } from "../../errors.ts";
import type { ForeignPlan } from "../plans/plan.ts";

/** Kinds of routing records that other systems write. */
export const routingSources = ["megatron", "sglang", "mindspeed", "trtllm", "mindie", "parquet", "numpy", "torch"] as const;

/** A kind of routing records. */
export type RoutingSource = (typeof routingSources)[number];

/** Which logical expert every physical slot holds: a plan, or slot s holds expert s in every layer. */
export type PhysicalToLogical = ForeignPlan | "identity";

/** How to read routing records. */
export interface SourceOptions {
  /** Name for messages. */
  readonly file: string;
  /** Whether steps list tokens by source rank. */
  readonly byRank: boolean;
  /** What the user said about ids; nothing when the user said nothing. */
  readonly physicalToLogical: PhysicalToLogical | undefined;
  /** Experts of a layer, where the user says how many: records may list only those with tokens. */
  readonly experts?: number | undefined;
  /** Whether the order of the steps matters to who asks. */
  readonly ordered?: boolean | undefined;
  /** Is told in one line what was left out, and why. */
  readonly notice?: (message: string) => void;
  /** Is told how much of files that are not read from front to back is done, of how much. */
  readonly progress?: (done: number, total: number) => void;
}

/**
 * Logical expert of each slot of a layer; nothing when slots are experts.
 * @param slots how many the records have
 * @throws InputError when plan and records do not fit together
 */
export function logicalExperts(
  physicalToLogical: PhysicalToLogical,
  layer: number,
  slots: number,
  file: string,
): readonly number[] | undefined {
  if (physicalToLogical === "identity") return undefined;
  const row = physicalToLogical.rows.find((candidate) => candidate.layer === layer);
  if (row === undefined)
    throw new InputError(`layer ${layer} is not in the plan of --physical-to-logical; pass the plan that was in use`, { file });
  if (row.slots.length !== slots) {
    throw new InputError(
      `layer ${layer} has ${slots} slots, the plan of --physical-to-logical ${row.slots.length}; pass the plan that was in use`,
      { file },
    );
  }
  return row.slots;
}

/**
 * What the user said about ids.
 * @param what the records count, for the message
 * @throws InputError when the user said nothing: the records do not tell, and guessing would mix up experts
 */
export function saidAboutIds({ physicalToLogical, file }: SourceOptions, what: string): PhysicalToLogical {
  if (physicalToLogical !== undefined) return physicalToLogical;
  throw new InputError(
    `${what}; say which expert each slot holds: --physical-to-logical PLAN for redundant or moved experts, --physical-to-logical identity when slot s holds expert s`,
    { file },
  );
}

/** What stands in place of an expert's id where a token has none: SGLang, vLLM and router replay pad so. */
export const PADDING = -1;

/** Says how many ids were padding. */
export function noticePadding(padding: number, { notice }: SourceOptions): void {
  if (padding > 0) notice?.(`${padding} expert id${padding === 1 ? "" : "s"} of -1 (padding) left out`);
}

/** A whole number of tokens or an id in parsed JSON. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
