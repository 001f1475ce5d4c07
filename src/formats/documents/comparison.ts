/** comparison: what plans are worth side by side, judged by the same loads, shares and failures. */
import * as z from "zod/mini";
import { SHARES } from "../../core/placement/policy.ts";
import { amount, checkDocument, count, positiveCount, probability, window } from "./schema.ts";

const interval = z.tuple([probability, probability]);
const resilience = {
  /** With the interval of an estimate, where failures were sampled. */
  failures: z.array(z.object({ failed: positiveCount, probability, interval: z.optional(interval) })),
  tolerates: count,
  /** That every expert survives when each unit fails with `failureProbability`. */
  survival: probability,
  survivalInterval: z.optional(interval),
};
const unitResilience = z.optional(z.object({ count: positiveCount, ...resilience }));
const ratio = z.number().check(z.minimum(1));
const quantiles = z.object({ p50: ratio, p90: ratio, p99: ratio, max: ratio, mean: ratio });

export const comparisonSchema = z.object({
  type: z.literal("comparison"),
  version: z.literal(1),
  /** Of the loads that the plans are judged by, where they are from a log. */
  windows: z.array(window),
  /** Recorded iterations that were replayed. */
  iterations: z.optional(positiveCount),
  shares: z.enum(SHARES),
  failureProbability: probability,
  /** Layers and experts a layer that are compared. */
  layers: positiveCount,
  experts: positiveCount,
  plans: z.array(
    z.object({
      name: z.string(),
      policy: z.string(),
      nodes: positiveCount,
      ranks: positiveCount,
      /** Of a layer. */
      slots: positiveCount,
      /** Slots of all layers that hold an expert which their rank has already, and that hold none. */
      duplicates: count,
      free: count,
      /** For nodes; P for 1 to 4 failures and no more than there are units. */
      ...resilience,
      byUnit: z.optional(z.object({ gpu: unitResilience, node: unitResilience, domain: unitResilience })),
      /** Load of the busiest rank over the mean: worst layer and mean over the layers. */
      balance: z.object({ even: ratio, evenMean: ratio, optimal: ratio, optimalMean: ratio }),
      /** The same of every replayed iteration under `shares`: mean over the layers, and worst layer. */
      steps: z.optional(quantiles),
      worstLayer: z.optional(quantiles),
      /** `steps` under other dispatchers: equal shares, solved for within each node, solved for over all ranks (the least possible). */
      dispatch: z.optional(
        z.object({ even: z.optional(quantiles), lplb: z.optional(quantiles), optimal: z.optional(quantiles) }),
      ),
      /** Shares of the tokens by the nearest that source and target have in common. */
      traffic: z.optional(z.object({ rank: amount, node: amount, domain: amount, remote: amount })),
      /** Replicas that nodes fetch to get here from the first plan; not there where the nodes differ. */
      moved: z.optional(count),
      bytesMoved: z.optional(count),
      stepSeconds: z.optional(amount),
      /** Steps after which a shorter step has made up for the moves. */
      paybackSteps: z.optional(count),
    }),
  ),
});

/** A comparison document. */
export type ComparisonDocument = z.infer<typeof comparisonSchema>;
export type ComparedPlan = ComparisonDocument["plans"][number];

/**
 * Checks a parsed comparison.
 * @throws InputError
 */
export function checkComparison(value: unknown, source: string): ComparisonDocument {
  return checkDocument(comparisonSchema, "comparison", value, source);
}
