/** The search's moves: what each kind is needed for. */
import { expect, test } from "vitest";
import { randomSource } from "../../src/core/algorithms/random.ts";
import { BalanceTable } from "../../src/core/placement/resilient/design/balanceTable.ts";
import { Design } from "../../src/core/placement/resilient/design/design.ts";
import { makeDesignLayer } from "../../src/core/placement/resilient/design/designLayer.ts";
import { survivalObjective } from "../../src/core/placement/resilient/design/objective.ts";
import { sumsOverSets } from "../../src/core/placement/resilient/design/subsets.ts";
import { SurvivalTable } from "../../src/core/placement/resilient/design/survivalTable.ts";
import { anneal } from "../../src/core/placement/resilient/search/anneal.ts";

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
