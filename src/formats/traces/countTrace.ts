/** Traces that count nodes: how many there are, not which. */

import type { RandomSource } from "../../core/algorithms/random.ts";
import type { MembershipTrace, TraceEvent } from "../../core/simulation/membershipTrace.ts";
import { InputError } from "../../errors.ts";

/** Most nodes that a trace may count; so many no cluster has. */
export const MOST_TRACED_NODES = 100_000;
/** Most joins and failures of a trace, those at its beginning left out: each is a change that a job answers. */
const MOST_CHANGES = 1_000_000;
/** Most changes times nodes, which is what a simulation takes its time for. */
const MOST_WORK = 2_000_000_000;

/**
 * Checks that a trace can be simulated in bearable time.
 * @throws InputError
 */
export function checkTraceSize(trace: MembershipTrace, file: string): MembershipTrace {
  const live = new Set<string>();
  let [most, changes] = [0, 0];
  for (const { seconds, event, node } of trace) {
    if (event === "add") live.add(node);
    else live.delete(node);
    most = Math.max(most, live.size);
    if (seconds > 0) changes++;
  }
  refuseSize(most, changes, file);
  return trace;
}

function refuseSize(nodes: number, changes: number, file: string): void {
  const wrong = (what: string) => new InputError(`the trace has ${what}; cut it`, { file });
  if (nodes > MOST_TRACED_NODES) throw wrong(`${nodes} nodes at a time, more than ${MOST_TRACED_NODES}`);
  if (changes > MOST_CHANGES) throw wrong(`${changes} joins and failures, more than ${MOST_CHANGES}`);
  if (changes * nodes > MOST_WORK)
    throw wrong(`${changes} joins and failures of ${nodes} nodes, a product of more than ${MOST_WORK}`);
}

/** Number of nodes from a moment on. */
export interface NodeCount {
  readonly seconds: number;
  readonly nodes: number;
}

/**
 * Turns counts into named nodes. Which of them go is not recorded, so it is drawn; who comes is always new.
 * @throws InputError when they are too many
 * @param counts in the order of time; what holds before the first holds from the first on
 */
export function traceOfCounts(counts: readonly NodeCount[], file: string, random: RandomSource): MembershipTrace {
  const most = counts.reduce((max, { nodes }) => Math.max(max, nodes), 0);
  const changes = counts.reduce((sum, { nodes }, i) => sum + (i === 0 ? 0 : Math.abs(nodes - counts[i - 1]!.nodes)), 0);
  refuseSize(most, changes, file);
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
