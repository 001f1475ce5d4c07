/** What no placement can beat, and what the search for free shares never falls behind. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { optimalBalance } from "../../src/core/balance/optimalBalance.ts";
import { hostSets } from "../../src/core/layout/placement.ts";
import { balanceLowerBound } from "../../src/core/placement/balanced/balanceLowerBound.ts";
import { constructHosts } from "../../src/core/placement/balanced/constructHosts.ts";
import { eplbStart } from "../../src/core/placement/balanced/eplbStart.ts";
import { evenSplit } from "../../src/core/placement/balanced/evenSplit.ts";
import { freeShares } from "../../src/core/placement/balanced/freeShares.ts";

const problems = fc
  .record({
    slots: fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 4 }),
    loads: fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 1, maxLength: 6 }),
    minReplicas: fc.integer({ min: 1, max: 2 }),
  })
  .map(({ slots, ...rest }) => ({ ...rest, slots: slots.map((count) => Math.min(count, rest.loads.length)) }))
  .filter(({ slots, loads, minReplicas }) => slots.reduce((sum, count) => sum + count, 0) >= loads.length * minReplicas);

/** All replica counts of at least so many copies each that fit into the slots. */
function* countsWithin(experts: number, slots: number, least: number): Generator<number[]> {
  if (experts === 0) yield [];
  for (let own = least; experts > 0 && own <= slots; own++) {
    for (const others of countsWithin(experts - 1, slots - own, least)) yield [own, ...others];
  }
}

test("the lower bound on balance: the largest share of the best counts, its company, and the level at which all tokens fit", () => {
  fc.assert(
    fc.property(problems, ({ slots, loads, minReplicas }) => {
      const total = loads.reduce((sum, load) => sum + load, 0);
      const ranks = slots.map((count, node) => ({ node, slots: count }));
      const bound = balanceLowerBound(loads, ranks, minReplicas);
      if (total === 0) {
        expect(bound).toBe(1);
        return;
      }
      const room = slots.reduce((sum, count) => sum + count, 0);
      let share = Infinity;
      for (const counts of countsWithin(loads.length, room, minReplicas)) {
        share = Math.min(share, Math.max(...loads.map((load, expert) => load / counts[expert]!)));
      }
      const ascending = loads.toSorted((a, b) => a - b);
      const full = Math.min(...slots.map((count) => Math.max(1, count)));
      if (room === loads.length) share += ascending.slice(0, full - 1).reduce((sum, load) => sum + load, 0);
      // The least level up to which the ranks, each with its heaviest experts at most, take all tokens: by bisection.
      const most = slots.map((count) => ascending.slice(loads.length - count).reduce((sum, load) => sum + load, 0));
      const taken = (level: number) => most.reduce((sum, limit) => sum + Math.min(limit, level), 0);
      let [low, high] = [0, total];
      for (let step = 0; step < 80; step++) {
        const middle = (low + high) / 2;
        if (taken(middle) < total * (1 - 1e-13)) low = middle;
        else high = middle;
      }
      expect(bound).toBeCloseTo((Math.max(share, high) * slots.length) / total, 9);
    }),
    { numRuns: 300 },
  );
});

test("with free shares, nothing is worse than the construction, EPLB's placement and the plan for even shares", () => {
  const instances = fc.record({
    ranks: fc.integer({ min: 3, max: 5 }),
    slots: fc.integer({ min: 2, max: 3 }),
    draws: fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 15, maxLength: 15 }),
    seed: fc.nat(1000),
  });
  const better = { construction: 0, others: 0 };
  fc.assert(
    fc.property(instances, ({ ranks: count, slots, draws, seed }) => {
      // One slot less than the construction needs for perfect balance, or two.
      const loads = draws.slice(0, count * slots - count + 2 + (seed % 2));
      fc.pre(loads.length <= count * slots);
      const ranks = Array.from({ length: count }, (_, node) => ({ node, slots }));
      const lowerBound = balanceLowerBound(loads, ranks, 1);
      const problem = { loads, ranks, minHosts: 1, lowerBound, effort: "fast", seed } as const;
      const balanceOf = (held: readonly number[][]) =>
        optimalBalance(
          hostSets({ loads, nodes: held }),
          loads,
          held.map(() => 1),
        ).maxOverMean;
      const found = balanceOf(freeShares(problem).held);
      const construction = balanceOf(constructHosts(problem)!);
      const others = [eplbStart(problem), evenSplit(problem)].filter((held) => held !== undefined).map(balanceOf);
      expect(found).toBeLessThanOrEqual(Math.min(construction, ...others) * (1 + 1e-12));
      if (found < construction * (1 - 1e-9)) better.construction++;
      if (construction < Math.min(...others) * (1 - 1e-9)) better.others++;
    }),
    { numRuns: 40, seed: 5 },
  );
  // Each counts: now and then another one is the best.
  expect(better.construction).toBeGreaterThan(0);
  expect(better.others).toBeGreaterThan(0);
});

test("where slots let one part hold all GPUs, they are level whatever hosts are asked for, and what is said of a plan is so", () => {
  const instances = fc.record({
    nodes: fc.integer({ min: 2, max: 4 }),
    gpus: fc.integer({ min: 1, max: 2 }),
    slots: fc.integer({ min: 2, max: 4 }),
    minHosts: fc.integer({ min: 1, max: 2 }),
    fewer: fc.integer({ min: -1, max: 3 }),
    draws: fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 40, maxLength: 40 }),
  });
  const seen = { level: 0, uneven: 0 };
  fc.assert(
    fc.property(instances, ({ nodes, gpus, slots, minHosts, fewer, draws }) => {
      const count = nodes * gpus;
      const loads = draws.slice(0, count * slots - count + 1 - fewer);
      fc.pre(loads.length >= slots && loads.length * minHosts <= count * slots);
      const ranks = Array.from({ length: count }, (_, rank) => ({ node: Math.floor(rank / gpus), slots }));
      const lowerBound = balanceLowerBound(loads, ranks, minHosts);
      const { held, maxOverMean } = freeShares({ loads, ranks, minHosts, lowerBound, effort: "fast", seed: 0 });
      const each = held.map(() => 1);
      expect(maxOverMean).toBeCloseTo(optimalBalance(hostSets({ loads, nodes: held }), loads, each).maxOverMean, 9);
      for (const own of held) expect([own.length, new Set(own).size]).toEqual([slots, slots]);
      if (maxOverMean > 1) seen.uneven++;
      else if (minHosts === 2) seen.level++;
    }),
    { numRuns: 150, seed: 3 },
  );
  expect(Math.min(seen.level, seen.uneven)).toBeGreaterThan(5);
});
