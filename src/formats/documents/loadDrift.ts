/** load-drift: how fast the loads of a log change, layer by layer. */
import * as z from "zod/mini";
import type { Drift } from "../../core/forecast/loadDrift.ts";
import { amount, checkDocument, count, positiveCount } from "./schema.ts";

const correlation = z.number().check(z.minimum(-1 - 1e-9), z.maximum(1 + 1e-9));

export const loadDriftSchema = z.object({
  type: z.literal("load-drift"),
  version: z.literal(1),
  experts: positiveCount,
  /** The log, and the windows it was cut into: `every` recorded iterations each, `spacing` iterations from one to the next. */
  window: z.object({ from: count, to: count, iterations: positiveCount }),
  windows: positiveCount,
  every: positiveCount,
  spacing: amount,
  /** The cluster that balances and half-lives are for; its plans are EPLB's, shares even. */
  plans: z.object({ ranks: positiveCount, slotsARank: positiveCount }),
  layers: z.array(
    z.object({
      layer: count,
      /** L1 distance of shares between a window and the next. */
      distance: z.object({ mean: amount, max: amount }),
      /** Each of these, in the order of time. */
      distances: z.optional(z.array(amount)),
      /** Spearman's, of the experts' loads in a window and the next. */
      rankCorrelation: z.object({ mean: correlation, min: correlation }),
      /** Busiest rank over the mean: of a plan in the window it is made for, and of one half as old as the log is long. */
      balance: z.object({ fresh: amount, old: amount }),
      /** Iterations until half of what a fresh plan gains over the old one is lost; absent when it gains nothing. */
      halfLife: z.optional(amount),
    }),
  ),
});

/** A load-drift document. */
export type LoadDriftDocument = z.infer<typeof loadDriftSchema>;

/** Checks a parsed load-drift. @throws InputError */
export function checkLoadDrift(value: unknown, source: string): LoadDriftDocument {
  return checkDocument(loadDriftSchema, "load-drift", value, source);
}

/** The document of a log's drift. */
export function loadDriftDocument(drift: Drift): LoadDriftDocument {
  const { experts, from, to, iterations, windows, every, spacing, ranks, slotsARank, layers } = drift;
  return {
    type: "load-drift",
    version: 1,
    experts,
    window: { from, to, iterations },
    windows,
    every,
    spacing,
    plans: { ranks, slotsARank },
    layers: layers.map(({ layer, distance, distances, rankCorrelation, balance, halfLife }) => ({
      layer,
      distance,
      distances: [...distances],
      rankCorrelation,
      balance,
      ...(halfLife !== undefined && { halfLife }),
    })),
  };
}
