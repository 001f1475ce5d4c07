/** Recorded membership: named nodes that come and go, and how a job's cluster makes use of them. */
import { type RandomSource, shuffle } from "../algorithms/random.ts";
import type { Membership, MembershipEvent } from "./membership.ts";

/** A recorded change; nodes that are there from the beginning are added at second 0. */
export interface TraceEvent {
  readonly seconds: number;
  readonly event: "add" | "remove";
  readonly node: string;
}

/** Recorded changes in the order of time. */
export type MembershipTrace = readonly TraceEvent[];

/**
 * Nodes that a job of limited size uses of a trace: it starts with the first ones there are and takes later additions while
 * it has fewer than it may use.
 * @param most nodes that the job uses at a time
 * @param first names that it starts with, instead of the first `most` that are added at second 0
 */
export function cappedTrace(trace: MembershipTrace, most: number, first?: readonly string[]): MembershipTrace {
  const there = trace.filter(({ seconds, event }) => seconds <= 0 && event === "add").map(({ node }) => node);
  const used = new Set(first ?? there.slice(0, most));
  const start = [...used].map((node) => ({ seconds: 0, event: "add" as const, node }));
  const later = trace.filter(({ seconds, event, node }) => {
    if (event === "remove") return used.delete(node);
    if (seconds <= 0 || used.has(node) || used.size >= most) return false;
    used.add(node);
    return true;
  });
  return [...start, ...later];
}

/**
 * Gives a trace's nodes places in the cluster. A joining node takes the place that has been free for longest.
 * @param random draws which node starts where
 */
export function placedTrace(trace: MembershipTrace, random: RandomSource): Membership {
  const places = shuffle(
    Array.from({ length: mostAtOnce(trace) }, (_, place) => place),
    random,
  );
  const placeOf = new Map<string, number>();
  const initial: number[] = [];
  const changes: MembershipEvent[] = [];
  for (const { seconds, event, node } of trace) {
    const held = placeOf.get(node);
    if (event === "add" && held === undefined) {
      const place = places.shift()!;
      placeOf.set(node, place);
      if (seconds <= 0) initial.push(place);
      else changes.push({ seconds, event, node: place });
    } else if (event === "remove" && held !== undefined) {
      placeOf.delete(node);
      places.push(held);
      if (seconds <= 0) initial.splice(initial.indexOf(held), 1);
      else changes.push({ seconds, event, node: held });
    }
  }
  return { initial, changes };
}

function mostAtOnce(trace: MembershipTrace): number {
  const live = new Set<string>();
  let most = 0;
  for (const { event, node } of trace) {
    if (event === "add") live.add(node);
    else live.delete(node);
    most = Math.max(most, live.size);
  }
  return most;
}
