/** What a limit on balance costs in slots: no placement does with fewer, by trial of all. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { hottestWithin, slotShortage, slotsNeeded } from "../../src/core/placement/slotShortage.ts";

/** All ways to give each rank a set of so many of the experts: second copies on a rank carry nothing that the first could not. */
function* placements(experts: number, perRank: number, ranks: number): Generator<number[]> {
  if (ranks === 0) yield [];
  for (let held = 0; ranks > 0 && held < 1 << experts; held++) {
    if (held.toString(2).replaceAll("0", "").length > perRank) continue;
    for (const others of placements(experts, perRank, ranks - 1)) yield [held, ...others];
  }
}

/** Least load of the busiest rank over the mean: whatever set of experts, its tokens go to the ranks that hold any of them. */
function freeBalance(held: readonly number[], loads: readonly number[]): number {
  const total = loads.reduce((sum, load) => sum + load, 0);
  let most = 1;
  for (let set = 1; set < 1 << loads.length; set++) {
    const tokens = loads.reduce((sum, load, expert) => sum + (((set >> expert) & 1) * load || 0), 0);
    const ranks = held.filter((experts) => (experts & set) !== 0).length;
    if (tokens > 0) most = Math.max(most, (tokens * held.length) / (total * ranks));
  }
  return most;
}

test("where slots are missing, every placement within the limit lacks so many hosts", () => {
  let bound = 0;
  let met = 0;
  fc.assert(
    fc.property(
      fc.record({
        nodes: fc.integer({ min: 1, max: 2 }),
        gpus: fc.integer({ min: 1, max: 2 }),
        perRank: fc.integer({ min: 1, max: 2 }),
        loads: fc.array(fc.oneof(fc.nat(3), fc.integer({ min: 0, max: 20 })), { minLength: 2, maxLength: 4 }),
        limit: fc.constantFrom(1.05, 1.3, 1.7),
        hosts: fc.integer({ min: 1, max: 2 }),
      }),
      ({ nodes, gpus, perRank, loads, limit, hosts }) => {
        const ranks = nodes * gpus;
        fc.pre(loads.some((load) => load > 0) && hosts <= nodes && ranks * perRank >= loads.length);
        const short = slotShortage([{ layer: 3, loads }], { slots: ranks * perRank, ranks }, hosts, limit);
        let least = Number.POSITIVE_INFINITY;
        for (const held of placements(loads.length, perRank, ranks)) {
          const hostsOf = loads.map((_, expert) => {
            const own = held.flatMap((experts, rank) => ((experts >> expert) & 1 ? [Math.floor(rank / gpus)] : []));
            return new Set(own).size;
          });
          if (hostsOf.includes(0) || freeBalance(held, loads) > limit) continue;
          least = Math.min(
            least,
            hostsOf.reduce((sum, count) => sum + Math.max(0, hosts - count), 0),
          );
        }
        expect(least).toBeGreaterThanOrEqual(short?.missing ?? 0);
        if (short !== undefined && least < Number.POSITIVE_INFINITY) bound++;
        if (short !== undefined && least === short.missing) met++;
      },
    ),
    { numRuns: 150, seed: 1 },
  );
  // The bound is met now and then: it is no looser than counting can be.
  expect(bound).toBeGreaterThan(5);
  expect(met).toBeGreaterThan(5);
});

/** 256 experts, one of them with a part of all tokens in ten thousand, the others alike. */
function layerWith(part: number): number[] {
  return Array.from({ length: 256 }, (_, expert) => (expert === 7 ? part * 255 : 10_000 - part));
}

// Copies of the hottest: its part of so many ranks over 1.02, rounded up; what it takes beyond its hosts is missing to the rest.
test.each([
  { nodes: 16, slots: 48, part: 1100, hosts: 3, copies: 14, missing: 11 },
  { nodes: 32, slots: 24, part: 1100, hosts: 3, copies: 28, missing: 25 },
  { nodes: 64, slots: 16, part: 1090, hosts: 4, copies: 55, missing: 51 },
])("$nodes nodes of 8 GPUs with $slots slots: $missing slots are missing", ({ nodes, slots, part, hosts, copies, missing }) => {
  const room = { slots: nodes * slots, ranks: nodes * 8 };
  const layers = [
    { layer: 4, loads: layerWith(1) },
    { layer: 9, loads: layerWith(part) },
  ];
  expect(slotShortage(layers, room, hosts, 1.02)).toEqual({ layer: 9, expert: 7, copies, missing });
  expect(slotShortage(layers, { ...room, slots: room.slots + missing }, hosts, 1.02)).toBeUndefined();
  expect(slotShortage(layers, room, hosts, Number.POSITIVE_INFINITY)).toBeUndefined();
});

test("experts and layers without tokens need their hosts and no more", () => {
  expect(slotsNeeded([0, 0], 4, 2, 1.02)).toBe(4);
  expect(slotsNeeded([0, 9], 4, 0, 1)).toBe(4);
  expect(hottestWithin([0, 0], 4, 1)).toEqual({ expert: 0, copies: 0 });
});
