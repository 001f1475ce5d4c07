/** Which nodes a job has, and when that changes. */

/** A node that joins or fails. */
export interface MembershipEvent {
  readonly seconds: number;
  /** `none` says only that nothing happens up to now: who waits for a change that never comes can look at the clock. */
  readonly event: "add" | "remove" | "none";
  /** Node id, a whole number from 0; on hardware with several nodes a server, neighbours share one. */
  readonly node: number;
}

/** Nodes at the start and the changes after it, in the order of time; the changes may go on for ever. */
export interface Membership {
  readonly initial: readonly number[];
  readonly changes: Iterable<MembershipEvent>;
}

/** Changes that happen at one moment: nodes join, then others fail. */
export interface MembershipChange {
  readonly ticks: number;
  readonly added: readonly number[];
  readonly removed: readonly number[];
}

/** Microseconds: the simulator counts time in whole ones, so that the seconds of a run add up exactly. */
const TICKS_PER_SECOND = 1e6;

/** Seconds in whole ticks. */
export function toTicks(seconds: number): number {
  return Math.round(seconds * TICKS_PER_SECOND);
}

/** Ticks in seconds. */
export function toSeconds(ticks: number): number {
  return ticks / TICKS_PER_SECOND;
}

/**
 * Gathers events of the same moment. What joins after a failure of that moment makes a change of its own: a node replaced in the
 * tick in which it fails holds nothing of what was lost.
 * @throws RangeError when an event lies before its predecessor
 */
export function* simultaneousChanges(events: Iterable<MembershipEvent>): Generator<MembershipChange> {
  let change: { ticks: number; added: number[]; removed: number[] } | undefined;
  for (const { seconds, event, node } of events) {
    const ticks = toTicks(seconds);
    if (change !== undefined && ticks < change.ticks) throw new RangeError(`membership goes back in time at second ${seconds}`);
    if (change?.ticks !== ticks || (event === "add" && change.removed.length > 0)) {
      if (change !== undefined) yield change;
      change = { ticks, added: [], removed: [] };
    }
    if (event !== "none") (event === "add" ? change.added : change.removed).push(node);
  }
  if (change !== undefined) yield change;
}
