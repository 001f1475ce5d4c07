/** dispatch-weights: the share of its expert's tokens that every replica takes, whatever a step routes. */
import { stringify } from "csv-stringify/sync";
import * as z from "zod/mini";
import { windowTable } from "./csv/windows.ts";
import { checkDocument, count, positiveCount, probability, window } from "./documents/schema.ts";

export const dispatchWeightsSchema = z.object({
  type: z.literal("dispatch-weights"),
  version: z.literal(1),
  /** Iterations that the loads are of, where there are weights for several windows. */
  window: z.optional(window),
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

/** CSV `[window,]layer,expert,rank,weight`, one row a replica. */
export function dispatchWeightsCsv(): (document: DispatchWeightsDocument, first: boolean) => Generator<string> {
  const partOf = windowTable((document: DispatchWeightsDocument) => document.window);
  return function* (document, first) {
    const { header, cell } = partOf(document, first);
    if (first) yield `${header}layer,expert,rank,weight\n`;
    const begin = cell === "" ? [] : [cell.slice(0, -1)];
    for (const { layer, weights } of document.layers) yield stringify(weights.map((row) => [...begin, layer, ...row]));
  };
}
