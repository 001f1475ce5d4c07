/** bench: how fast kernels ran on a backend, each checked against its definition. */
import * as z from "zod/mini";
import { checkDocument, count, label, positiveCount } from "./schema.ts";

const milliseconds = z.number().check(z.nonnegative());
const rate = z.number().check(z.positive());

export const benchSchema = z.object({
  type: z.literal("bench"),
  version: z.literal(1),
  backend: label,
  /** What the backend runs on, as it calls itself. */
  adapter: label,
  /** Whether that is a processor that plays a GPU. */
  software: z.boolean(),
  /** What the adapter could do by its maker, where that is known: single precision, and memory. */
  peak: z.optional(z.object({ gflops: rate, gigabytesPerSecond: rate })),
  seed: count,
  /** How the layer computes: gate, experts, and whose way that is. */
  layer: label,
  /** The rank of the plan whose tokens the kernels computed. */
  plan: z.optional(z.object({ layer: count, rank: count, maxOverMean: z.number().check(z.minimum(1)) })),
  /** The size that was gone through. */
  scaling: z.optional(label),
  results: z.array(
    z.object({
      kernel: label,
      size: label,
      /** That size here. */
      scaled: z.optional(positiveCount),
      repetitions: positiveCount,
      medianMs: milliseconds,
      minMs: milliseconds,
      p95Ms: milliseconds,
      /** Processor time of all threads, per call. */
      cpuMs: milliseconds,
      /** Distance between the quartiles over the median. */
      spread: z.number().check(z.nonnegative()),
      /** Without reading the result back, and how long that takes, and putting all inputs there: where the device has memory of its own. */
      deviceMs: z.optional(milliseconds),
      uploadMs: z.optional(milliseconds),
      readbackMs: z.optional(milliseconds),
      /** On the device. */
      gflops: z.optional(rate),
      gigabytesPerSecond: z.optional(rate),
      /** Plain JavaScript in the same run. */
      plainMedianMs: milliseconds,
      /** Plain JavaScript's time over the kernel's: median of pairs of batches, and its 95 % interval. */
      speedup: rate,
      speedupLow: rate,
      speedupHigh: rate,
      /** The same by processor time of all threads. */
      cpuSpeedup: rate,
      cpuSpeedupLow: rate,
      cpuSpeedupHigh: rate,
      /** Largest difference to a double-precision reference over that reference's largest number. */
      error: z.number().check(z.nonnegative()),
      checked: z.literal(true),
    }),
  ),
});

/** A bench document. */
export type BenchDocument = z.infer<typeof benchSchema>;

/**
 * Checks a parsed bench document.
 * @throws InputError
 */
export function checkBench(value: unknown, source: string): BenchDocument {
  return checkDocument(benchSchema, "bench", value, source);
}
