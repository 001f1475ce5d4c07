import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { randomSource } from "../../src/core/algorithms/random.ts";
import { EventQueue } from "../../src/core/simulation/eventQueue.ts";
import type { MembershipEvent } from "../../src/core/simulation/membership.ts";
import { secondsBetweenUnitFailures, type UnitFailureSpec, unitFailures } from "../../src/core/simulation/unitFailures.ts";

const never = Number.POSITIVE_INFINITY;
const spec: UnitFailureSpec = {
  ...{ nodes: 12, gpusPerNode: 4, nodesPerDomain: 4, shape: 1, repairSeconds: 100, spares: 0, spareStartSeconds: 20 },
  ...{ mtbf: { gpu: never, node: 5000, domain: never }, drainEverySeconds: never, drainSeconds: never },
};

function eventsUntil(given: UnitFailureSpec, end: number, seed = 1): MembershipEvent[] {
  const events: MembershipEvent[] = [];
  for (const event of unitFailures(given, randomSource(seed)).changes) {
    if (event.seconds > end) break;
    if (event.event !== "none") events.push(event);
  }
  return events;
}

/** Node-seconds away up to an end. */
function secondsAway(events: readonly MembershipEvent[], end: number): number {
  const since = new Map<number, number>();
  let away = 0;
  for (const { seconds, event, node } of events) {
    if (event !== "add") since.set(node, seconds);
    else {
      away += seconds - since.get(node)!;
      since.delete(node);
    }
  }
  for (const begun of since.values()) away += end - begun;
  return away;
}

test("events come in the order of time, and in that of adding at one moment", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 20 })), (times) => {
      const queue = new EventQueue<number>();
      for (const [i, seconds] of times.entries()) queue.add(seconds, i);
      const taken = times.map(() => queue.take()!);
      const sorted = times
        .map((seconds, event) => ({ seconds, event }))
        .sort((a, b) => a.seconds - b.seconds || a.event - b.event);
      expect(taken.map(({ seconds, event }) => ({ seconds, event }))).toEqual(sorted);
      expect(queue.take()).toBeUndefined();
    }),
  );
});

describe("failures", () => {
  test.each([
    ["gpu", { gpu: 20_000, node: never, domain: never }, 1],
    ["node", { gpu: never, node: 5000, domain: never }, 1],
    ["domain", { gpu: never, node: never, domain: 5000 }, 4],
    ["all", { gpu: 20_000, node: 5000, domain: 20_000 }, undefined],
  ])("of %s come as often as their rates say", (_, mtbf, nodesAtOnce) => {
    const given = { ...spec, mtbf, repairSeconds: 0.001 };
    const events = eventsUntil(given, 4e6).filter(({ event }) => event === "remove");
    const moments = new Set(events.map(({ seconds }) => seconds));
    expect(4e6 / moments.size / secondsBetweenUnitFailures(given)).toBeCloseTo(1, 1);
    if (nodesAtOnce !== undefined) expect(events.length).toBe(nodesAtOnce * moments.size);
  });

  test("by Weibull have the same mean, and come in bursts where the shape is below 1", () => {
    const gaps = (shape: number) => {
      const at = eventsUntil({ ...spec, nodes: 1, nodesPerDomain: 1, shape, repairSeconds: 0 }, 4e7).flatMap(
        ({ event, seconds }) => (event === "remove" ? [seconds] : []),
      );
      const lengths = at.map((seconds, i) => seconds - (at[i - 1] ?? 0));
      const mean = lengths.reduce((sum, gap) => sum + gap, 0) / lengths.length;
      const variance = lengths.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / lengths.length;
      return [mean / 5000, Math.sqrt(variance) / mean] as const;
    };
    // Coefficients of variation from the moments of the distribution.
    for (const [shape, variation] of [
      [0.5, 2.236],
      [1, 1],
      [2, 0.5227],
    ] as const) {
      const [mean, found] = gaps(shape);
      expect(mean).toBeCloseTo(1, 1);
      expect(Math.abs(found / variation - 1)).toBeLessThan(0.1);
    }
  });

  test("leave live nodes alone that are down already, and every node comes back once", () => {
    fc.assert(
      fc.property(
        fc.nat(1000),
        fc.integer({ min: 0, max: 3 }),
        fc.integer({ min: 0, max: 3000 }),
        (seed, spares, repairSeconds) => {
          const live = new Set(Array.from({ length: 12 }, (_, node) => node));
          let last = 0;
          const given = {
            ...spec,
            spares,
            repairSeconds,
            drainEverySeconds: 700,
            drainSeconds: 300,
            mtbf: { gpu: 30_000, node: 5000, domain: 20_000 },
          };
          for (const { seconds, event, node } of eventsUntil(given, 50_000, seed)) {
            expect(seconds).toBeGreaterThanOrEqual(last);
            last = seconds;
            expect(event === "add" ? !live.has(node) : live.delete(node)).toBe(true);
            if (event === "add") live.add(node);
          }
        },
      ),
      { numRuns: 30 },
    );
  });

  test("more spares and faster repair never keep more nodes away", () => {
    fc.assert(
      fc.property(
        fc.nat(1000),
        fc.integer({ min: 0, max: 3 }),
        fc.integer({ min: 50, max: 3000 }),
        (seed, spares, repairSeconds) => {
          const away = (changed: Partial<UnitFailureSpec>) => {
            const given = { ...spec, spares, repairSeconds, ...changed };
            return secondsAway(eventsUntil(given, 50_000, seed), 50_000);
          };
          const base = away({});
          expect(away({ spares: spares + 1 })).toBeLessThanOrEqual(base + 1e-6);
          expect(away({ repairSeconds: repairSeconds / 2 })).toBeLessThanOrEqual(base + 1e-6);
        },
      ),
      { numRuns: 30 },
    );
  });

  test("end where nobody comes back", () => {
    expect(eventsUntil({ ...spec, repairSeconds: never }, 1e12)).toHaveLength(12);
  });

  test("a spare takes over at once or after its start, and the repaired node is the next spare", () => {
    const events = eventsUntil({ ...spec, nodes: 1, nodesPerDomain: 1, spares: 1, repairSeconds: 100 }, 100_000);
    const [gone, back] = events as [MembershipEvent, MembershipEvent];
    expect(back).toEqual({ seconds: gone.seconds + 20, event: "add", node: 0, takesOver: true });
    expect(events.filter(({ takesOver }) => takesOver).length).toBeGreaterThan(5);
  });
});
