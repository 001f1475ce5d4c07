import fc from "fast-check";
import { expect, test } from "vitest";
import { ReplicaPacking } from "../../src/core/placement/balanced/replicaPacking.ts";

const EXPERTS = 4;
const packing = fc
  .record({ bins: fc.integer({ min: 2, max: 5 }), perBin: fc.integer({ min: 1, max: 3 }) })
  .chain(({ bins, perBin }) =>
    fc.record({
      loads: fc.array(fc.nat(100), { minLength: EXPERTS, maxLength: EXPERTS }),
      held: fc.array(fc.shuffledSubarray([0, 1, 2, 3], { minLength: perBin, maxLength: perBin }), {
        minLength: bins,
        maxLength: bins,
      }),
      gpus: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: bins, maxLength: bins }),
      nodes: fc.array(fc.nat(2), { minLength: bins, maxLength: bins }),
    }),
  )
  // Every expert has a replica.
  .map(({ loads, held, gpus, nodes }) => ({ loads, held: [...held, [0, 1, 2, 3]], gpus: [...gpus, 1], nodes: [...nodes, 1] }));
const moves = fc.array(fc.record({ recount: fc.boolean(), a: fc.nat(), b: fc.nat() }), { maxLength: 30 });

function hostsOf(packing: ReplicaPacking, nodes: readonly number[]): number[] {
  const hosts = Array.from({ length: EXPERTS }, () => new Set<number>());
  packing.held().forEach((experts, bin) => {
    for (const expert of experts) hosts[expert]!.add(nodes[bin]!);
  });
  return hosts.map((set) => set.size);
}

test("after any moves, costs were changes of the imbalance, and loads and hosts are those of a fresh packing", () => {
  fc.assert(
    fc.property(packing, moves, (start, steps) => {
      const fresh = new ReplicaPacking({ ...start, minHosts: 1 });
      const minHosts = Math.min(...hostsOf(fresh, start.nodes));
      const moved = new ReplicaPacking({ ...start, minHosts });
      const replicas = moved.experts.length;
      for (const { recount, a, b } of steps) {
        const before = moved.imbalance();
        const [replica, other, expert] = [a % replicas, b % replicas, b % EXPERTS];
        const cost = recount ? moved.recountCost(replica, expert) : moved.swapCost(replica, other);
        if (cost === Infinity) continue;
        if (recount) moved.recount(replica, expert);
        else moved.swap(replica, other);
        expect(moved.imbalance() - before).toBeCloseTo(cost, 6);
        expect(Math.min(...hostsOf(moved, start.nodes))).toBeGreaterThanOrEqual(minHosts);
      }
      const again = new ReplicaPacking({ ...start, held: moved.held(), minHosts });
      expect(moved.held().map((bin) => bin.length)).toEqual(start.held.map((bin) => bin.length));
      again.binLoads.forEach((load, bin) => {
        expect(moved.binLoads[bin]).toBeCloseTo(load, 6);
      });
      expect(moved.busiest()).toBeCloseTo(again.busiest(), 6);
    }),
    { numRuns: 200 },
  );
});

test("a move that would cost an expert a host it needs, or put it twice into a bin, costs Infinity, any other does not", () => {
  fc.assert(
    fc.property(packing, fc.boolean(), fc.nat(), fc.nat(), (start, recount, a, b) => {
      const unbound = new ReplicaPacking({ ...start, minHosts: 0 });
      const minHosts = Math.min(...hostsOf(unbound, start.nodes));
      const bound = new ReplicaPacking({ ...start, minHosts });
      const replicas = bound.experts.length;
      const [replica, other, expert] = [a % replicas, b % replicas, b % EXPERTS];
      fc.pre(bound.experts[replica] !== (recount ? expert : bound.experts[other]));
      const copies = bound
        .held()
        .flat()
        .filter((held) => held === bound.experts[replica]).length;
      const cost = recount ? bound.recountCost(replica, expert) : bound.swapCost(replica, other);
      const isIn = (bin: number, one: number) => bound.held()[bin]!.includes(one);
      const [from, to] = [bound.bins[replica]!, bound.bins[other]!];
      const twice = recount
        ? isIn(from, expert)
        : from !== to && (isIn(to, bound.experts[replica]!) || isIn(from, bound.experts[other]!));
      if (twice || (recount && copies === 1)) {
        expect(cost).toBe(Infinity);
        return;
      }
      if (recount) unbound.recount(replica, expert);
      else unbound.swap(replica, other);
      // With a single host to keep, a swap never takes it: the replica stays with its expert.
      expect(cost === Infinity).toBe(Math.min(...hostsOf(unbound, start.nodes)) < minHosts);
    }),
    { numRuns: 500 },
  );
});
