import fc from "fast-check";
import { expect, test } from "vitest";
import { randomSource } from "../../src/core/algorithms/random.ts";
import { DueWork } from "../../src/core/simulation/dueWork.ts";
import { hourlyPreemptions } from "../../src/core/simulation/failureModels.ts";
import { toTicks } from "../../src/core/simulation/membership.ts";
import { rtx3090 } from "../support/simulation.ts";

test("a checkpoint falls due at the end of the first step that reaches its time", () => {
  const cases = fc.record({
    seconds: fc.integer({ min: 1, max: 50 }),
    ticksPerStep: fc.integer({ min: 1, max: toTicks(3) }),
    now: fc.integer({ min: 0, max: toTicks(60) }),
    share: fc.double({ min: 0, max: 0.99, noNaN: true }),
  });
  fc.assert(
    fc.property(cases, ({ seconds, ticksPerStep, now, share }) => {
      const work = new DueWork({ hardware: rtx3090 }, { checkpoint: { seconds } } as never, false);
      const begun = Math.floor(share * ticksPerStep);
      const steps = work.stepsUntilDue({ now, step: 3, begun }, ticksPerStep);
      const end = (count: number) => now - begun + count * ticksPerStep;
      expect(Number.isInteger(steps) && steps >= 1).toBe(true);
      expect(end(steps)).toBeGreaterThanOrEqual(toTicks(seconds));
      if (steps > 1) expect(end(steps - 1)).toBeLessThan(toTicks(seconds));
    }),
  );
});

test("preempted for certain, every node goes in the first hour and each event keeps to its hour, in order", () => {
  const nodes = 5;
  const events = [];
  for (const event of hourlyPreemptions(nodes, 1, randomSource(4)).changes) {
    events.push(event);
    if (events.length === nodes) break;
  }
  expect(events.map(({ event }) => event)).toEqual(Array(nodes).fill("remove"));
  expect(events.map(({ node }) => node).sort()).toEqual([0, 1, 2, 3, 4]);
  const times = events.map(({ seconds }) => seconds);
  expect(times).toEqual(times.toSorted((a, b) => a - b));
  for (const seconds of times) expect(seconds >= 0 && seconds < 3600).toBe(true);
});
