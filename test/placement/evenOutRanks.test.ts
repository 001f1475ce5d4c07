/** Layers that the busiest rank alone does not lead to an even plan: what evening out keeps, counts and reaches. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { randomSource } from "../../src/core/algorithms/random.ts";
import { evenRankBalance } from "../../src/core/balance/rankBalance.ts";
import { uniformCluster } from "../../src/core/layout/cluster.ts";
import { cellKinds } from "../../src/core/placement/resilient/cells/cellKinds.ts";
import { findMixtures } from "../../src/core/placement/resilient/cells/mixtures.ts";
import { placeInMixture } from "../../src/core/placement/resilient/cells/placeInMixture.ts";
import { evenOutRanks } from "../../src/core/placement/resilient/ranks/evenOutRanks.ts";
import { levelRanks } from "../../src/core/placement/resilient/ranks/levelRanks.ts";
import { rankSlots } from "../../src/core/placement/resilient/ranks/rankSlots.ts";
import type { RankTable } from "../../src/core/placement/resilient/ranks/rankTable.ts";

/** Nodes that the host set of each expert needs, ascending, shape [experts][hosts]. */
const neededHosts = (table: RankTable) =>
  table.copies.map((own) =>
    own
      .filter((slot) => !table.isFurther(slot))
      .map((slot) => table.slots.nodeOfRank[table.slots.rankOfSlot[slot]!]!)
      .sort((a, b) => a - b),
  );
const sorted = (sets: readonly (readonly number[])[]) => sets.map((set) => set.join(" ")).sort();
const ranksOf = ({ copies, slots }: RankTable) => copies.map((own) => own.map((slot) => slots.rankOfSlot[slot]!));

const shapes = fc.constantFrom(
  { nodes: 4, slots: 8, gpus: 4, experts: 12 },
  { nodes: 5, slots: 6, gpus: 2, experts: 12 },
  { nodes: 7, slots: 4, gpus: 4, experts: 9 },
  { nodes: 6, slots: 7, gpus: 3, experts: 16 },
);

test("all host sets stay, no rank gets an expert twice, and loads and imbalance are what the copies say", () => {
  fc.assert(
    fc.property(
      shapes,
      fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 16, maxLength: 16 }),
      fc.nat(),
      (shape, drawn, at) => {
        const loads = drawn.slice(0, shape.experts).sort((a, b) => b - a);
        const slots = rankSlots(uniformCluster(shape.nodes, shape.slots, shape.gpus));
        const mixtures = findMixtures(new Array(shape.nodes).fill(shape.slots), shape.experts, cellKinds(0.05, 2, shape.nodes));
        const table = placeInMixture(mixtures[at % mixtures.length]!, loads, slots, "even", "all");
        const before = sorted(neededHosts(table));
        const imbalance = evenOutRanks(table, 400, randomSource(at));
        expect(sorted(neededHosts(table))).toEqual(before);
        const ranks = ranksOf(table);
        for (const own of ranks) expect(new Set(own).size).toBe(own.length);
        const load = new Float64Array(slots.nodeOfRank.length);
        ranks.forEach((own, expert) => {
          for (const rank of own) load[rank]! += loads[expert]! / own.length;
        });
        let squares = 0;
        load.forEach((tokens, rank) => {
          expect(table.rankLoad[rank]).toBeCloseTo(tokens, 6);
          squares += (tokens - table.mean) ** 2;
        });
        expect(imbalance / (1 + squares)).toBeCloseTo(squares / (1 + squares), 6);
      },
    ),
    { numRuns: 150 },
  );
});

test("two slots a rank: evener than levelling the busiest rank alone, whose plan a copy leaves as it is", () => {
  const random = randomSource(5);
  const loads = Array.from({ length: 128 }, () => Math.round(100 * Math.exp(4 * (random.uniform() + random.uniform())))).sort(
    (a, b) => b - a,
  );
  const slots = rankSlots(uniformCluster(32, 16, 8));
  const mixture = findMixtures(new Array(32).fill(16), 128, cellKinds(0.05, 2, 8)).at(-1)!;
  const levelled = placeInMixture(mixture, loads, slots, "even", "all");
  const search = { limit: 1, steps: 250_000, random: randomSource(0), persistent: true };
  levelRanks(levelled, search);
  const reached = levelled.busiest / levelled.mean;
  const evened = levelled.copy();
  evenOutRanks(evened, 64 * 512, randomSource(0, 1));
  levelRanks(evened, search);
  expect(evened.busiest / evened.mean).toBeLessThan(reached - 0.01);
  expect(evenRankBalance(ranksOf(levelled), loads, 256)).toBeCloseTo(reached, 9);
  expect(evenRankBalance(ranksOf(evened), loads, 256)).toBeCloseTo(evened.busiest / evened.mean, 9);
});
