/** What documents say about recovery when units of one kind fail. */
import * as z from "zod/mini";
import { count, label, positiveCount, probability } from "./schema.ts";

export const failuresSchema = z.array(
  z.object({
    failed: count,
    probability,
    upperBound: z.optional(probability),
    interval: z.optional(z.tuple([probability, probability])),
  }),
);

/** Recovery when units of one kind fail. */
export const resilience = {
  method: label,
  /** Failure orders drawn, and their seed, with method sampling. */
  samples: z.optional(positiveCount),
  seed: z.optional(count),
  failures: failuresSchema,
  tolerates: count,
  /** Probability of surviving when each fails independently with `failureProbability`. */
  survival: z.optional(probability),
  survivalInterval: z.optional(z.tuple([probability, probability])),
};

/** The same, and how many units there are. */
export const unitResilience = z.optional(z.object({ count: positiveCount, ...resilience }));
