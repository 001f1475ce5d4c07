import fc from "fast-check";
import { expect, test } from "vitest";
import { chooseSources } from "../../src/core/reconfigure/chooseSources.ts";

const NODES = 4;
const problems = fc.record({
  owners: fc.array(fc.uniqueArray(fc.nat(NODES - 1), { minLength: 1 }), { minLength: 3, maxLength: 3 }),
  transfers: fc.array(fc.tuple(fc.nat(2), fc.nat(NODES - 1)), { minLength: 1, maxLength: 5 }),
  domain: fc.array(fc.constantFrom(undefined, "a", "b"), { minLength: NODES, maxLength: NODES }),
});

/** The most that a node sends or receives, the least over all choices of senders. */
function leastBusiest(owners: number[][], transfers: [number, number][]): number {
  const received = Array.from({ length: NODES }, (_, n) => transfers.filter(([, to]) => to === n).length);
  const sent = new Array<number>(NODES).fill(0);
  const tryFrom = (at: number): number => {
    if (at === transfers.length) return Math.max(...received, ...sent);
    return Math.min(
      ...owners[transfers[at]![0]]!.map((owner) => {
        sent[owner]!++;
        const busiest = tryFrom(at + 1);
        sent[owner]!--;
        return busiest;
      }),
    );
  };
  return tryFrom(0);
}

test("only owners send, and the busiest node is as little busy as any choice of senders allows, with domains or without", () => {
  fc.assert(
    fc.property(problems, ({ owners, transfers, domain }) => {
      const { from, lowerBound } = chooseSources({
        replica: Int32Array.from(transfers, ([replica]) => replica),
        to: Int32Array.from(transfers, ([, to]) => to),
        owners,
        domain,
      });
      from.forEach((node, t) => {
        expect(owners[transfers[t]![0]]).toContain(node);
      });
      const sent = Array.from({ length: NODES }, (_, n) => from.filter((node) => node === n).length);
      expect(lowerBound).toBe(leastBusiest(owners, transfers));
      expect(Math.max(...sent)).toBeLessThanOrEqual(lowerBound);
    }),
    { numRuns: 300 },
  );
});
