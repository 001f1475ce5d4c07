/** The search's moves: what each kind is needed for; and where it starts from. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { randomSource } from "../../src/core/algorithms/random.ts";
import { BalanceTable } from "../../src/core/placement/resilient/design/balanceTable.ts";
import { Design } from "../../src/core/placement/resilient/design/design.ts";
import { makeDesignLayer } from "../../src/core/placement/resilient/design/designLayer.ts";
import { survivalObjective } from "../../src/core/placement/resilient/design/objective.ts";
import { countMembers, sumsOverSets } from "../../src/core/placement/resilient/design/subsets.ts";
import { SurvivalTable } from "../../src/core/placement/resilient/design/survivalTable.ts";
import { anneal } from "../../src/core/placement/resilient/search/anneal.ts";
import type { Cell } from "../../src/core/placement/resilient/search/cell.ts";
import { hostsOfExperts, makeSharedDesign, searchSharedDesign } from "../../src/core/placement/resilient/search/sharedDesign.ts";

test("experts change places where host sets cannot change without losing survival", () => {
  // Two pairs of nodes with two experts each: any other host sets survive less, and 5 + 4 tokens are too many for a pair.
  const loads = [5, 4, 2, 1];
  const hosts = Int32Array.from([0b0011, 0b0011, 0b1100, 0b1100]);
  const sums = sumsOverSets([1, 1, 1, 1]);
  const layer = makeDesignLayer(loads, Int32Array.of(0, 1, 2, 3), hosts, new BalanceTable(sums, sums, 12, 3));
  const design = new Design({
    hosts,
    slots: [2, 2, 2, 2],
    layers: [layer],
    objective: survivalObjective,
    survival: new SurvivalTable([0, 1, 2, 3], [0.1, 0.1, 0.1, 0.1], 2),
  });
  expect(design.violation).toBeGreaterThan(0);
  const { lost } = design;
  const search = { minHosts: 2, moves: 500, hottest: 0.1, coldest: 0.01, random: randomSource(1), shouldStop: () => false };
  anneal(design, { ...search, keepSurvival: true });
  expect(design.violation).toBe(0);
  expect(design.lost).toBe(lost);
});

test("positions for which a layer has no expert hold no tokens", () => {
  const hosts = Int32Array.of(3, 6, 5);
  const sums = sumsOverSets([1, 1, 1]);
  const layer = makeDesignLayer([60, 40], Int32Array.of(1, 2, 0), hosts, new BalanceTable(sums, sums, 100 / 3, 3));
  expect([...layer.tokens]).toEqual([40, 0, 60]);
});

test("of several starts, the search goes on from the one that breaks limits least, then is worth most; the first of equals", () => {
  const sums = sumsOverSets([1, 1, 1, 1]);
  const sets = fc.array(fc.integer({ min: 1, max: 15 }), { minLength: 3, maxLength: 3 }).map((masks) => Int32Array.from(masks));
  fc.assert(
    fc.property(fc.array(sets, { minLength: 1, maxLength: 6 }), (starts) => {
      const hosts = starts[0]!.slice();
      const layer = makeDesignLayer([9, 5, 2], Int32Array.of(0, 1, 2), hosts, new BalanceTable(sums, sums, 16, 4));
      const design = new Design({
        hosts,
        slots: [2, 2, 2, 2],
        layers: [layer],
        objective: survivalObjective,
        survival: new SurvivalTable([0, 1, 2, 3], [0.1, 0.1, 0.1, 0.1], 1),
      });
      const { experts } = design.snapshot();
      const worth = starts.map((start) => {
        design.restore({ hosts: start, experts });
        return { violation: design.violation, badness: design.badness };
      });
      const best = worth.reduce((least, one, at) => {
        const { violation, badness } = worth[least]!;
        return one.violation < violation || (one.violation === violation && one.badness < badness) ? at : least;
      }, 0);
      const search = { minHosts: 1, moves: 0, hottest: 1, coldest: 0.1, random: randomSource(0), shouldStop: () => false };
      searchSharedDesign(design, starts, search);
      expect([...design.hosts]).toEqual([...starts[best]!]);
    }),
  );
});

test("of host sets without layers' costs, experts with more tokens get those with more hosts, in every layer", () => {
  const masks = fc.array(fc.integer({ min: 1, max: 15 }), { minLength: 5, maxLength: 5 });
  const tokens = fc.array(fc.nat(9), { minLength: 3, maxLength: 5 });
  fc.assert(
    fc.property(masks, fc.array(tokens, { minLength: 1, maxLength: 3 }), (sets, loads) => {
      const cell: Cell = {
        slots: [5, 5, 5, 5],
        gpus: [1, 1, 1, 1],
        unitOfNode: [0, 1, 2, 3],
        failureProbabilities: [0.1, 0.1, 0.1, 0.1],
        nodesEach: [1, 1, 1, 1],
        positions: 5,
        minHosts: 1,
        layers: loads.map((own) => ({ loads: own, meanPerGpu: 1 })),
        balanceLimit: Number.POSITIVE_INFINITY,
        clusterGpus: 4,
      };
      const survival = new SurvivalTable(cell.unitOfNode, cell.failureProbabilities, 1);
      const design = makeSharedDesign(cell, [], { objective: survivalObjective, survival });
      design.restore({ hosts: Int32Array.from(sets), experts: [] });
      const sizes = sets.map(countMembers).sort((a, b) => b - a);
      hostsOfExperts(design, cell).forEach((hosts, l) => {
        const byLoad = [...hosts.keys()].sort((a, b) => loads[l]![b]! - loads[l]![a]! || a - b);
        expect(byLoad.map((expert) => countMembers(hosts[expert]!))).toEqual(sizes.slice(0, byLoad.length));
        for (const set of hosts) expect(sets).toContain(set);
      });
    }),
  );
});
