/** dispatch-weights: the share of its expert's tokens that every replica takes, whatever a step routes. */
import { stringify } from "csv-stringify/sync";
import * as z from "zod/mini";
import { checkDocument, count, positiveCount, probability } from "./documents/schema.ts";

export const dispatchWeightsSchema = z.object({
  type: z.literal("dispatch-weights"),
  version: z.literal(1),
  ranks: positiveCount,
  layers: z.array(
    z.object({
      layer: count,
      /** Expert, rank and weight of every replica; the weights of an expert sum to 1. */
      weights: z.array(z.tuple([count, count, probability])),
    }),
  ),
});

/** A dispatch-weights document. */
export type DispatchWeightsDocument = z.infer<typeof dispatchWeightsSchema>;

/**
 * Checks parsed dispatch-weights.
 * @throws InputError
 */
export function checkDispatchWeights(value: unknown, source: string): DispatchWeightsDocument {
  return checkDocument(dispatchWeightsSchema, "dispatch-weights", value, source);
}

/** CSV `layer,expert,rank,weight`, one row a replica. */
export function* dispatchWeightsCsv({ layers }: DispatchWeightsDocument, header: boolean): Generator<string> {
  if (header) yield "layer,expert,rank,weight\n";
  for (const { layer, weights } of layers) yield stringify(weights.map((row) => [layer, ...row]));
}
