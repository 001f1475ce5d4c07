/** membership-trace: which nodes join and fail, and when. */
import * as z from "zod/mini";
import type { MembershipTrace } from "../../core/simulation/membershipTrace.ts";
import { InputError } from "../../errors.ts";
import { amount, checkDocument, nodeName } from "./schema.ts";

export const membershipTraceSchema = z.object({
  type: z.literal("membership-trace"),
  version: z.literal(1),
  /** In the order of time; nodes that are there from the beginning are added at second 0. */
  events: z.array(z.object({ seconds: amount, event: z.enum(["add", "remove"]), node: nodeName })),
});

/**
 * Checks a parsed membership-trace.
 * @throws InputError
 */
export function checkMembershipTrace(value: unknown, source: string): MembershipTrace {
  const { events } = checkDocument(membershipTraceSchema, "membership-trace", value, source);
  const late = events.findIndex((event, i) => i > 0 && event.seconds < events[i - 1]!.seconds);
  if (late >= 0) {
    throw new InputError(`in the membership-trace: events[${late}] lies before events[${late - 1}]; sort them by seconds`, {
      file: source,
    });
  }
  if (events.length === 0) throw new InputError("the membership-trace has no events; expected at least one", { file: source });
  return events;
}
