/** Which nodes a job has, and when that changes. */

/** A node that joins, fails, or is taken away with notice. */
export interface MembershipEvent {
  readonly seconds: number;
  /** Of a node that joins: a spare, which takes over from a failed one. */
  readonly takesOver?: boolean;
  /** Of a node that fails: when a spare takes its place, where one does. */
  readonly replacedAt?: number;
  /** `none` says only that nothing happens up to now: who waits for a change that never comes can look at the clock. */
  readonly event: "add" | "remove" | "drain" | "none";
  /** Node id, a whole number from 0; on hardware with several nodes a server, neighbours share one. */
  readonly node: number;
}

/** Nodes at the start and the changes after it, in the order of time; the changes may go on for ever. */
export interface Membership {
  readonly initial: readonly number[];
  readonly changes: Iterable<MembershipEvent>;
  /** How much slower than it should be a node is; all are as they should be without it. */
  readonly slowdown?: (node: number) => Slowdown;
}

/** Factors of at least 1. */
export interface Slowdown {
  readonly compute: number;
  readonly network: number;
}

/** Changes that happen at one moment: nodes join, then others fail. */
export interface MembershipChange {
  readonly ticks: number;
  readonly added: readonly number[];
  /** Spares among them. */
  readonly takingOver: readonly number[];
  readonly removed: readonly number[];
  /** When the last spare that takes over from them comes, in ticks; 0 where none does. */
  readonly replacedAt: number;
  readonly drained: readonly number[];
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
  let change:
    | ({ [K in Exclude<keyof MembershipChange, "ticks" | "replacedAt">]: number[] } & { ticks: number; replacedAt: number })
    | undefined;
  for (const { seconds, event, node, takesOver, replacedAt = 0 } of events) {
    const ticks = toTicks(seconds);
    if (change !== undefined && ticks < change.ticks) throw new RangeError(`membership goes back in time at second ${seconds}`);
    if (change?.ticks !== ticks || (event === "add" && change.removed.length + change.drained.length > 0)) {
      if (change !== undefined) yield change;
      change = { ticks, added: [], takingOver: [], removed: [], replacedAt: 0, drained: [] };
    }
    if (event === "add") change.added.push(node);
    if (event === "add" && takesOver === true) change.takingOver.push(node);
    if (event === "remove") {
      change.removed.push(node);
      change.replacedAt = Math.max(change.replacedAt, toTicks(replacedAt));
    }
    if (event === "drain") change.drained.push(node);
  }
  if (change !== undefined) yield change;
}
