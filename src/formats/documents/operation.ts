/** What an incremental policy did to a plan, one operation after the other. */
import * as z from "zod/mini";
import { amount, count } from "./schema.ts";

/** Of all operations; `before` and `after`: busiest rank over the mean, with even shares. */
const onExpert = { layer: count, expert: count, bytes: count, before: amount, after: amount };

/** What an incremental policy did, rank by rank: `bytes` are fetched, and none where the receiver holds the expert already. */
export const operation = z.discriminatedUnion("kind", [
  /** A copy given up, of the rank's first slot that has it. */
  z.object({ kind: z.literal("shrink"), ...onExpert, from: count }),
  /** A copy made in the first free slot of a rank. */
  z.object({ kind: z.literal("expand"), ...onExpert, from: count, to: count }),
  /** A copy that changes its rank, for one of `exchanged` that goes the other way, if there is one. */
  z.object({ kind: z.literal("migrate"), ...onExpert, from: count, to: count, exchanged: z.optional(count) }),
]);

/** An operation of a document. */
export type DocumentOperation = z.infer<typeof operation>;
