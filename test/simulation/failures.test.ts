import { expect, test } from "vitest";
import { randomSource } from "../../src/core/algorithms/random.ts";
import { exponentialFailures, hourlyPreemptions, regularFailures } from "../../src/core/simulation/failureModels.ts";
import { logNormalLoads } from "../../src/core/simulation/logNormalLoads.ts";
import { meanInterval } from "../../src/core/simulation/meanInterval.ts";
import type { Membership, MembershipEvent } from "../../src/core/simulation/membership.ts";
import { cappedTrace, placedTrace, type TraceEvent } from "../../src/core/simulation/membershipTrace.ts";

function firstEvents({ changes }: Membership, count: number): MembershipEvent[] {
  const events: MembershipEvent[] = [];
  for (const event of changes) {
    if (events.push(event) === count) break;
  }
  return events;
}

/** Every node alternates between live and gone, in the order of time. */
function expectOrderly(events: readonly MembershipEvent[], nodes: number): void {
  const live = new Set(Array.from({ length: nodes }, (_, node) => node));
  let last = 0;
  const disorderly = events.filter(({ seconds, event, node }) => {
    const late = seconds >= last;
    last = seconds;
    const known = event === "remove" ? live.delete(node) : !live.has(node) && live.add(node);
    return !late || !known;
  });
  expect(disorderly).toEqual([]);
}

test("regular failures hit different nodes until some are left", () => {
  const events = firstEvents(regularFailures(10, 300, 5, randomSource(1)), 100);
  expect(events.map(({ seconds }) => seconds)).toEqual([300, 600, 900, 1200, 1500]);
  expect(new Set(events.map(({ node }) => node)).size).toBe(5);
});

test("exponential failures come as often as asked, and repairs after their time", () => {
  const [nodes, mtbf, repair] = [20, 600, 100];
  const events = firstEvents(exponentialFailures(nodes, mtbf, repair, randomSource(7)), 8000);
  expectOrderly(events, nodes);
  const failures = events.filter(({ event }) => event === "remove");
  // Some nodes are always away for repair: each cycle of a node lasts nodes * mtbf + repair.
  const gap = (failures.at(-1)?.seconds as number) / failures.length;
  expect(gap / ((nodes * mtbf + repair) / nodes)).toBeCloseTo(1, 1);
  const first = failures[0] as MembershipEvent;
  const back = events.find(({ event, node }) => event === "add" && node === first.node) as MembershipEvent;
  expect(back.seconds - first.seconds).toBeCloseTo(repair, 6);
  expect(firstEvents(exponentialFailures(3, 60, Number.POSITIVE_INFINITY, randomSource(1)), 100)).toHaveLength(3);
});

test("hourly preemptions: live nodes go with the probability given, missing ones come back half the time", () => {
  const nodes = 100;
  const events = firstEvents(hourlyPreemptions(nodes, 0.05, randomSource(3)), 20_000).filter(({ event }) => event !== "none");
  expectOrderly(events, nodes);
  const hours = Math.floor((events.at(-1)?.seconds as number) / 3600);
  let [live, liveHours, missingHours] = [nodes, 0, 0];
  let next = 0;
  for (let hour = 0; hour < hours; hour++) {
    liveHours += live;
    missingHours += nodes - live;
    while ((events[next]?.seconds as number) < (hour + 1) * 3600) live += events[next++]?.event === "add" ? 1 : -1;
  }
  const count = (event: string) => events.slice(0, next).filter((change) => change.event === event).length;
  expect(count("remove") / liveHours).toBeCloseTo(0.05, 2);
  expect(count("add") / missingHours).toBeCloseTo(0.5, 1);
});

test("a capped trace starts with the first nodes and takes later ones while there is room", () => {
  const at = (seconds: number, event: "add" | "remove", node: string): TraceEvent => ({ seconds, event, node });
  const trace = [
    at(0, "add", "a"),
    at(0, "add", "b"),
    at(0, "add", "c"),
    at(5, "remove", "c"),
    at(6, "add", "d"),
    at(7, "remove", "a"),
    at(8, "add", "e"),
    at(9, "add", "f"),
  ];
  expect(cappedTrace(trace, 2)).toEqual([at(0, "add", "a"), at(0, "add", "b"), at(7, "remove", "a"), at(8, "add", "e")]);
  expect(cappedTrace(trace, 2, ["c"])).toEqual([at(0, "add", "c"), at(5, "remove", "c"), at(6, "add", "d"), at(8, "add", "e")]);
  const placed = placedTrace(cappedTrace(trace, 2), randomSource(0));
  const [gone, come] = placed.changes as MembershipEvent[];
  expect(placed.initial.toSorted()).toEqual([0, 1]);
  expect(gone?.event).toBe("remove");
  expect(come).toEqual({ seconds: 8, event: "add", node: gone?.node }); // the only free place
});

test("the 95 % interval of a mean is Student's", () => {
  expect(meanInterval([5])).toEqual({ mean: 5 });
  const { mean, interval } = meanInterval([1, 2, 3]);
  expect(mean).toBe(2);
  expect(interval?.[1]).toBeCloseTo(2 + 4.303 / Math.sqrt(3), 9);
  expect(mean - interval![0]).toBeCloseTo(interval![1] - mean, 12);
  expect(() => meanInterval([])).toThrow(RangeError);
});

test("log-normal loads have the spread asked for", () => {
  const loads = logNormalLoads(1001, 0.5);
  const logs = loads.map(Math.log);
  const mean = logs.reduce((sum, log) => sum + log, 0) / logs.length;
  const variance = logs.reduce((sum, log) => sum + (log - mean) ** 2, 0) / logs.length;
  expect(Math.sqrt(variance)).toBeCloseTo(0.5, 2);
  expect(loads[500]).toBe(1_000_000);
  expect(new Set(logNormalLoads(8, 0)).size).toBe(1);
});
