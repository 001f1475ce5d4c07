/** The parts of placement `balanced`, each against a plainer way to do the same. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { randomSource } from "../../src/core/algorithms/random.ts";
import { evenRankBalance, freeRankBalance } from "../../src/core/balance/rankBalance.ts";
import { balanceLowerBound } from "../../src/core/placement/balanced/balanceLowerBound.ts";
import { eplbStart } from "../../src/core/placement/balanced/eplbStart.ts";
import { FreePacking } from "../../src/core/placement/balanced/freePacking.ts";
import { ReplicaPacking } from "../../src/core/placement/balanced/replicaPacking.ts";
import { searchFree } from "../../src/core/placement/balanced/searchFree.ts";
import { sharingParts } from "../../src/core/placement/balanced/sharingParts.ts";
import { shaveBusiest } from "../../src/core/placement/balanced/shaveBusiest.ts";
import { startPlacement } from "../../src/core/placement/balanced/startPlacement.ts";
import { wrapAround } from "../../src/core/placement/balanced/wrapAround.ts";
import { eplbPlacement } from "../../src/core/placement/eplb/eplbPlacement.ts";

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);

/** GPUs of equal slots on one or two a node, and loads that fill all slots but for a few. */
const layers = fc
  .record({
    nodes: fc.integer({ min: 2, max: 4 }),
    gpus: fc.integer({ min: 1, max: 2 }),
    slots: fc.integer({ min: 1, max: 3 }),
    draws: fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 24, maxLength: 24 }),
    minHosts: fc.integer({ min: 1, max: 2 }),
    spare: fc.nat(6),
  })
  .map(({ nodes, gpus, slots, draws, minHosts, spare }) => {
    const ranks = Array.from({ length: nodes * gpus }, (_, rank) => ({ node: Math.floor(rank / gpus), slots }));
    const experts = Math.max(slots, Math.floor((slots * ranks.length) / minHosts) - spare);
    return { ranks, minHosts, loads: draws.slice(0, experts) };
  })
  .filter(({ ranks, minHosts, loads }) => loads.length * minHosts <= sum(ranks.map(({ slots }) => slots)));

test("a greedy start: heaviest copy first, each where there is least, and copies that the minimum needs on the roomiest nodes", () => {
  fc.assert(
    fc.property(layers, ({ ranks, minHosts, loads }) => {
      const slots = sum(ranks.map((rank) => rank.slots));
      // One more copy at a time for whose copies carry most, none beyond a copy on every GPU.
      const counts = loads.map(() => minHosts);
      const share = (expert: number) => (counts[expert]! < ranks.length ? loads[expert]! / counts[expert]! : -1);
      while (sum(counts) < slots) counts[[...loads.keys()].reduce((a, b) => (share(b) > share(a) ? b : a))]!++;
      const shares = loads.map((load, expert) => load / counts[expert]!);
      const held: number[][] = ranks.map(() => []);
      const load = (rank: number) => sum(held[rank]!.map((expert) => shares[expert]!));
      const room = (rank: number) => ranks[rank]!.slots - held[rank]!.length;
      const leastLoaded = (among: readonly number[]) => among.reduce((a, b) => (load(b) < load(a) - 1e-9 ? b : a));
      const all = [...ranks.keys()];
      const order = [...loads.keys()].sort((a, b) => shares[b]! - shares[a]! || a - b);
      const ofNode = (node: number) => all.filter((rank) => ranks[rank]!.node === node);
      if (minHosts > 1) {
        for (const expert of order) {
          const nodes = [...new Set(ranks.map(({ node }) => node))].sort((a, b) => {
            const [roomA, roomB] = [sum(ofNode(a).map(room)), sum(ofNode(b).map(room))];
            const apart = sum(ofNode(a).map(load)) - sum(ofNode(b).map(load));
            return roomB - roomA || (Math.abs(apart) < 1e-9 ? a - b : apart);
          });
          for (const node of nodes.slice(0, minHosts))
            held[leastLoaded(ofNode(node).filter((rank) => room(rank) > 0))]!.push(expert);
        }
      }
      for (const expert of order) {
        for (let copy = minHosts > 1 ? minHosts : 0; copy < counts[expert]!; copy++) {
          const open = all.filter((rank) => room(rank) > 0 && !held[rank]!.includes(expert));
          if (open.length > 0) held[leastLoaded(open)]!.push(expert);
        }
      }
      const found = startPlacement(loads, ranks, minHosts);
      found.forEach((own, rank) => {
        expect(own).toHaveLength(ranks[rank]!.slots);
        expect(new Set(own).size).toBe(own.length);
        // What is left over once no copy fits is filled by another rule.
        expect(own.slice(0, held[rank]!.length)).toEqual(held[rank]);
      });
    }),
    { numRuns: 300 },
  );
});

test("as many GPUs as the hottest expert needs share it, and all GPUs and experts are in some part within its slots", () => {
  const ranks = Array.from({ length: 8 }, (_, node) => ({ node, slots: 2 }));
  const loads = [600, 40, 30, 30, 25, 20, 15, 15, 15, 10];
  const lowerBound = balanceLowerBound(loads, ranks, 1);
  const problem = { loads, ranks, minHosts: 1, lowerBound, effort: "fast", seed: 0 } as const;
  const parts = sharingParts(problem, [...ranks.keys()]);
  // 10 experts on 8 GPUs with 16 slots: two parts; 600 of 800 tokens are those of six GPUs.
  expect(parts.map((part) => part.ranks.length)).toEqual([6, 2]);
  expect(parts[0]!.experts).toContain(0);
  expect(parts.flatMap((part) => part.ranks)).toEqual([...ranks.keys()]);
  expect(parts.flatMap(({ experts }) => experts).toSorted((a, b) => a - b)).toEqual([...loads.keys()]);
  for (const part of parts) expect(part.experts.length + part.ranks.length - 1).toBeLessThanOrEqual(2 * part.ranks.length);
  const perGpu = parts.map((part) => sum(part.experts.map((expert) => loads[expert]!)) / part.ranks.length);
  // Seven experts go with the six GPUs, and the three with most tokens after the hottest go with the two.
  expect(Math.max(...perGpu)).toBeCloseTo(700 / 6, 9);
});

test("shaving ends where the busiest GPU has no copy whose exchange leaves both GPUs lower, and never makes it busier", () => {
  fc.assert(
    fc.property(layers, ({ ranks, minHosts, loads }) => {
      const held = startPlacement(loads, ranks, minHosts);
      const [gpus, nodes] = [ranks.map(() => 1), ranks.map(({ node }) => node)];
      const packing = new ReplicaPacking({ loads, held: [...held].reverse(), gpus, nodes, minHosts: 1 });
      const before = packing.busiest();
      shaveBusiest(packing, 0);
      const busiest = packing.busiest();
      expect(busiest).toBeLessThanOrEqual(before * (1 + 1e-12));
      const full = packing.binLoads.indexOf(busiest);
      packing.bins.forEach((bin, a) => {
        if (bin !== full) return;
        packing.bins.forEach((other, b) => {
          if (other === full || packing.swapCost(a, b) === Infinity) return;
          const moved = packing.share(a) - packing.share(b);
          if (moved > 0)
            expect(Math.max(busiest - moved, packing.binLoads[other]! + moved)).toBeGreaterThanOrEqual(busiest * (1 - 1e-9));
        });
      });
      const goal = new ReplicaPacking({ loads, held, gpus, nodes, minHosts: 1 });
      const untouched = goal.held();
      shaveBusiest(goal, goal.busiest());
      expect(goal.held()).toEqual(untouched);
    }),
  );
});

test("a move's cost is the change of the loads' eighth powers, and a move taken back leaves nothing behind", () => {
  fc.assert(
    fc.property(layers, fc.array(fc.tuple(fc.nat(), fc.nat(), fc.boolean(), fc.boolean()), { maxLength: 12 }), (layer, moves) => {
      const { ranks, minHosts, loads } = layer;
      const nodes = ranks.map(({ node }) => node);
      const packing = new FreePacking({ loads, held: startPlacement(loads, ranks, minHosts), nodes, minHosts });
      const mean = sum(loads) / ranks.length;
      const unevenness = () => sum([...packing.rankLoads].map((load) => (load / mean) ** 8));
      const isWhole = () => {
        expect(sum([...packing.rankLoads])).toBeCloseTo(sum(loads), 6);
        expect(packing.busiest()).toBe(Math.max(...packing.rankLoads));
        const held = packing.held();
        for (const own of held) expect(new Set(own).size).toBe(own.length);
        loads.forEach((_, expert) => {
          const hosts = new Set(held.flatMap((own, rank) => (own.includes(expert) ? [nodes[rank]!] : [])));
          expect(hosts.size).toBeGreaterThanOrEqual(minHosts);
        });
      };
      isWhole();
      for (const [one, two, recounts, stays] of moves) {
        const [a, b] = [one % packing.experts.length, two % packing.experts.length];
        const before = { held: packing.held(), loads: [...packing.rankLoads], unevenness: unevenness() };
        const own = packing.experts[b]!;
        const cost = recounts ? packing.recount(b, packing.experts[a]!) : packing.swap(a, b);
        if (cost === Infinity) {
          expect(packing.held()).toEqual(before.held);
          continue;
        }
        expect(cost).toBeCloseTo(unevenness() - before.unevenness, 6);
        isWhole();
        if (stays) packing.settle();
        else {
          if (recounts) packing.takeBackRecount(b, own);
          else packing.takeBackSwap(a, b);
          expect(packing.held()).toEqual(before.held);
          before.loads.forEach((load, rank) => {
            expect(packing.rankLoads[rank]).toBeCloseTo(load, 6);
          });
        }
      }
    }),
  );
});

test("loads laid end to end: every GPU can have the mean, none holds more than its slots", () => {
  const parts = fc
    .record({
      slots: fc.integer({ min: 2, max: 4 }),
      ranks: fc.integer({ min: 1, max: 5 }),
      draws: fc.array(fc.nat(99), { minLength: 20, maxLength: 20 }),
    })
    .map(({ slots, ranks, draws }) => ({
      slots: new Array<number>(ranks).fill(slots),
      loads: draws.slice(0, slots * ranks - ranks + 1),
    }));
  fc.assert(
    fc.property(parts, ({ slots, loads }) => {
      const held = wrapAround(loads, [...loads.keys()], slots);
      held.forEach((own, rank) => {
        expect(own.length).toBeLessThanOrEqual(slots[rank]!);
      });
      expect(sum(held.map((own) => own.length))).toBeLessThanOrEqual(loads.length + slots.length - 1);
      // Hall: what any set of GPUs holds alone is not more than their part of all tokens.
      for (let set = 1; set < 2 ** slots.length; set++) {
        const inside = loads.filter((_, expert) => held.every((own, rank) => (set >> rank) & 1 || !own.includes(expert)));
        const size = held.filter((_, rank) => (set >> rank) & 1).length;
        expect(sum(inside) * slots.length).toBeLessThanOrEqual(sum(loads) * size);
      }
    }),
  );
});

test("a search under free shares leaves GPUs evener or as they were, hosts enough, and nothing to search at the bound", () => {
  let evener = 0;
  fc.assert(
    fc.property(layers, fc.nat(100), ({ ranks, minHosts, loads }, seed) => {
      const nodes = ranks.map(({ node }) => node);
      // Made for other loads, so that there is something to do.
      const start = startPlacement(loads.toReversed(), ranks, minHosts);
      const mean = sum(loads) / ranks.length;
      const unevenness = (held: readonly (readonly number[])[]) =>
        sum([...new FreePacking({ loads, held, nodes, minHosts }).rankLoads].map((load) => (load / mean) ** 8));
      const problem = { loads, ranks, minHosts, lowerBound: 0, effort: "fast", seed } as const;
      const found = searchFree(start, problem, randomSource(seed));
      const [before, after] = [unevenness(start), unevenness(found)];
      expect(after).toBeLessThanOrEqual(before * (1 + 1e-6));
      if (after < before * (1 - 1e-6)) evener++;
      found.forEach((own, rank) => {
        expect(own).toHaveLength(ranks[rank]!.slots);
        expect(new Set(own).size).toBe(own.length);
      });
      loads.forEach((_, expert) => {
        const hosts = new Set(found.flatMap((own, rank) => (own.includes(expert) ? [nodes[rank]!] : [])));
        expect(hosts.size).toBeGreaterThanOrEqual(minHosts);
      });
      expect(searchFree(start, { ...problem, lowerBound: ranks.length }, randomSource(seed))).toEqual(start);
    }),
    { numRuns: 40, seed: 4 },
  );
  expect(evener).toBeGreaterThan(10);
});

test("a start like EPLB's has its experts, none twice on a GPU, and is no less even with free shares; GPUs that differ have none", () => {
  fc.assert(
    fc.property(layers, ({ ranks, loads }) => {
      const problem = { loads, ranks, minHosts: 1, lowerBound: 1, effort: "fast", seed: 0 } as const;
      const held = eplbStart(problem)!;
      held.forEach((experts, rank) => {
        expect(new Set(experts).size).toBe(experts.length);
        expect(experts.length).toBeLessThanOrEqual(ranks[rank]!.slots);
      });
      const copiesOf = (rows: readonly (readonly number[])[]) =>
        loads.map((_, expert) => rows.flatMap((row, rank) => row.flatMap((other) => (other === expert ? [rank] : []))));
      const each = ranks[0]!.slots;
      const shape = { slots: each * ranks.length, groups: 1, nodes: 1, gpus: ranks.length };
      const published = eplbPlacement([loads], shape).physicalToLogical[0]!;
      const rows = ranks.map((_, rank) => published.slice(rank * each, (rank + 1) * each));
      const even = evenRankBalance(copiesOf(rows), loads, ranks.length);
      expect(freeRankBalance(copiesOf(held), loads, ranks.length).maxOverMean).toBeLessThanOrEqual(even * (1 + 2e-6));
      const uneven = ranks.map((rank, r) => (r === 1 ? { ...rank, slots: each + 1 } : rank));
      expect(eplbStart({ ...problem, ranks: uneven })).toBeUndefined();
    }),
  );
});
