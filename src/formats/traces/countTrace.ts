/** Traces that count nodes: how many there are, not which. */

import type { RandomSource } from "../../core/algorithms/random.ts";
import type { MembershipTrace, TraceEvent } from "../../core/simulation/membershipTrace.ts";

/** Most nodes that a trace may count; so many no cluster has. */
export const MOST_TRACED_NODES = 100_000;

/** Number of nodes from a moment on. */
export interface NodeCount {
  readonly seconds: number;
  readonly nodes: number;
}

/**
 * Turns counts into named nodes. Which of them go is not recorded, so it is drawn; who comes is always new.
 * @param counts in the order of time, none above MOST_TRACED_NODES; what holds before the first holds from the first on
 */
export function traceOfCounts(counts: readonly NodeCount[], random: RandomSource): MembershipTrace {
  const live: string[] = [];
  const events: TraceEvent[] = [];
  const start = counts[0]?.seconds ?? 0;
  let named = 0;
  for (const { seconds, nodes } of counts) {
    while (live.length < nodes) {
      const node = `node${named++}`;
      live.push(node);
      events.push({ seconds: seconds - start, event: "add", node });
    }
    while (live.length > nodes) {
      const [node] = live.splice(random.below(live.length), 1) as [string];
      events.push({ seconds: seconds - start, event: "remove", node });
    }
  }
  return events;
}
