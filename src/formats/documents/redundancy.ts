/** The part of a placement that says why it has as many slots as it has. */
import * as z from "zod/mini";
import { FEWEST } from "../../core/placement/fewestSlots.ts";
import { FAILURE_UNITS } from "../../core/placement/policy.ts";
import { amount, count, positiveCount, probability } from "./schema.ts";

export const redundancySchema = z.object({
  /** The goal: failures of the unit that are always survived, the probability to survive, or both. */
  survive: z.optional(positiveCount),
  survival: z.optional(probability),
  failureUnit: z.enum(FAILURE_UNITS),
  /** Slots of a GPU below which no placement reaches the goal. */
  atLeast: positiveCount,
  /** How sure it is that no fewer slots do: no placement does, the policy found none with any fewer, or not all were tried. */
  fewest: z.enum(FEWEST),
  /** Numbers of slots that were tried, fewest first; the placement has the first that reaches the goal. */
  tried: z.array(
    z.object({
      slotsPerGpu: positiveCount,
      totalSlots: positiveCount,
      /** Slots beyond one for each expert. */
      redundantExperts: count,
      reaches: z.boolean(),
      balance: z.object({ even: amount, optimal: amount }),
      /** Up to four failures of the unit. */
      failures: z.array(
        z.object({ failed: positiveCount, probability, interval: z.optional(z.tuple([probability, probability])) }),
      ),
      tolerates: count,
      survival: probability,
      survivalInterval: z.optional(z.tuple([probability, probability])),
      /** Memory of a GPU that the experts of all layers take, where their size is known. */
      bytesPerGpu: z.optional(amount),
    }),
  ),
});

/** Why a placement has as many slots as it has. */
export type RedundancyDocument = z.infer<typeof redundancySchema>;
