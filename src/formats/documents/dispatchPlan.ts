/** dispatch-plan: how many tokens of every expert go from which rank to which. */
import * as z from "zod/mini";
import { amount, checkDocument, count, label, positiveCount, wholeNumbers, window } from "./schema.ts";

const perRank = wholeNumbers(0, "whole numbers of tokens, one a rank");

export const dispatchPlanSchema = z.object({
  type: z.literal("dispatch-plan"),
  version: z.literal(1),
  /** Iterations that the loads are of, where there are plans for several windows. */
  window: z.optional(window),
  policy: label,
  ranks: positiveCount,
  layers: z.array(
    z.object({
      layer: count,
      entries: z.array(wholeNumbers(0, "expert, source, target and tokens")),
      sent: z.array(perRank),
      load: perRank,
      maxOverMean: amount,
      localTokens: count,
      remoteTokens: count,
      shuffle: z.optional(
        z.array(
          z.object({
            rank: count,
            sendCounts: perRank,
            sendOffsets: perRank,
            receiveCounts: perRank,
            receiveOffsets: perRank,
          }),
        ),
      ),
    }),
  ),
});

/** A dispatch-plan document. */
export type DispatchPlanDocument = z.infer<typeof dispatchPlanSchema>;

/**
 * Checks a parsed dispatch-plan.
 * @throws InputError
 */
export function checkDispatchPlan(value: unknown, source: string): DispatchPlanDocument {
  return checkDocument(dispatchPlanSchema, "dispatch-plan", value, source);
}
