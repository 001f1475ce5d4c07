import fc from "fast-check";
import { expect, test } from "vitest";
import { coveringBound, gapBound, largestCapacities } from "../../src/core/recovery/coveringBound.ts";
import { binomial } from "../../src/core/recovery/hypergeometric.ts";

/** U_group(n, live) term by term, as the comment on the bound states it. */
function termByTerm(
  groups: number,
  anyFirst: boolean,
  hosts: (group: number, n: number) => number,
  group: number,
  n: number,
  live: number,
): number {
  if (group === groups) return 1;
  if (live < groups - group) return 0;
  const after = (left: number) => termByTerm(groups, anyFirst, hosts, group + 1, left, live - 1);
  let sum = 0;
  for (let t = 1; t <= Math.min(hosts(group, n), n - live + 1); t++) {
    sum += (binomial(n - t, live - 1) / binomial(n, live)) * after(n - t);
  }
  return Math.min(sum, anyFirst && hosts(group, n) > 0 ? after(n - 1) : 1);
}

const cases = fc
  .record({ slots: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 7 }), alike: fc.boolean() })
  .chain(({ slots, alike }) => {
    const capacity = largestCapacities(alike ? slots.map(() => slots[0]!) : slots);
    return fc.record({
      capacity: fc.constant(capacity),
      experts: fc.integer({ min: 1, max: capacity.at(-1)! }),
      counts: fc.array(fc.nat(9), { minLength: 8, maxLength: 8 }),
    });
  });

test("sums carried from node to node give what the recursion gives term by term", () => {
  fc.assert(
    fc.property(cases, ({ capacity, experts, counts }) => {
      const nodes = capacity.length - 1;
      const groups = capacity.filter((slots) => slots < experts).length;
      const rarest = counts.slice(0, groups).sort((a, b) => a - b);
      const hosts = (group: number, n: number) =>
        Math.min(rarest[group]!, Math.floor(capacity[n]! / (experts - capacity[group]!)));
      const covering = coveringBound({ experts, rarest }, capacity);
      const gaps = gapBound(rarest, nodes);
      for (let failed = 1; failed <= nodes; failed++) {
        const whole = (value: number) => {
          const sets = binomial(nodes, failed);
          return Math.floor(value * sets + 1e-3) / sets;
        };
        const live = nodes - failed;
        expect(covering[failed - 1]).toBeCloseTo(whole(termByTerm(groups, true, hosts, 0, nodes, live)), 12);
        expect(gaps[failed - 1]).toBeCloseTo(whole(termByTerm(groups, false, (group) => rarest[group]!, 0, nodes, live)), 12);
      }
    }),
    { numRuns: 300 },
  );
});

test("a thousand nodes: one group survives as long as its hosts do not all fail", () => {
  const nodes = 1000;
  const bound = gapBound([3], nodes);
  for (const failed of [3, 10, 500, 990, 997, 998, 999]) {
    const allFail = (failed * (failed - 1) * (failed - 2)) / (nodes * (nodes - 1) * (nodes - 2));
    const lived = (1 - allFail) * (failed === nodes ? 0 : 1);
    expect(Math.abs(bound[failed - 1]! - lived) / lived).toBeLessThan(1e-11);
  }
});
