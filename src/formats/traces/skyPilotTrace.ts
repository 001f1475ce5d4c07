/** SkyPilot's spot traces (NSDI 2024): `{"metadata":{"gap_seconds":300},"data":[count at each tick]}`. */
import * as z from "zod/mini";
import type { RandomSource } from "../../core/algorithms/random.ts";
import type { MembershipTrace } from "../../core/simulation/membershipTrace.ts";
import { InputError } from "../../errors.ts";
import { checkFields, wholeNumbers } from "../documents/schema.ts";
import { MOST_TRACED_NODES, traceOfCounts } from "./countTrace.ts";

/** What the data count: instances that were held, or instances that were preempted. */
export const POLARITIES = ["held", "preempted"] as const;
export type Polarity = (typeof POLARITIES)[number];

const schema = z.object({
  metadata: z.object({ gap_seconds: z.number().check(z.positive()) }),
  data: wholeNumbers(0, "whole numbers of instances, none negative"),
});

/**
 * Reads a parsed trace. Preempted instances are told from the most that ever were.
 * @param random draws which nodes go: the trace does not say
 * @throws InputError naming the field
 */
export function skyPilotTrace(value: unknown, file: string, polarity: Polarity, random: RandomSource): MembershipTrace {
  const { metadata, data } = checkFields(schema, "SkyPilot trace", value, file);
  const most = data.reduce((max, count) => Math.max(max, count), 0);
  if (most === 0) throw new InputError("the SkyPilot trace counts no instance at all; expected some", { file });
  if (most > MOST_TRACED_NODES)
    throw new InputError(`the SkyPilot trace counts ${most} instances; expected at most ${MOST_TRACED_NODES}`, { file });
  const counts = data.map((count, tick) => ({
    seconds: tick * metadata.gap_seconds,
    nodes: polarity === "held" ? count : most - count,
  }));
  return traceOfCounts(counts, file, random);
}
