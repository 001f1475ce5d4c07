/** Plans for even shares that are levelled further: evener, with the same slots used and the hosts kept that experts need. */
import { expect, test } from "vitest";
import { levelFurther } from "../../src/core/placement/balanced/levelFurther.ts";
import { startPlacement } from "../../src/core/placement/balanced/startPlacement.ts";
import { logNormalLayers } from "../../src/dev/logNormalLayers.ts";

test("two slots a GPU: the busiest rank comes down, no slot is wasted, every expert keeps two nodes", () => {
  const { loads } = logNormalLayers(1, 32, 5)[0]!;
  const ranks = Array.from({ length: 64 }, (_, rank) => ({ node: rank >> 3, slots: 2 }));
  const start = startPlacement(loads, ranks, 2);
  const copies = (held: readonly number[][], expert: number) => held.filter((own) => own.includes(expert)).length;
  const busiest = (held: readonly number[][]) =>
    Math.max(...held.map((own) => own.reduce((sum, e) => sum + loads[e]! / copies(held, e), 0)));
  const found = levelFurther(start, { loads, ranks, minHosts: 2, lowerBound: 1, effort: "fast", seed: 0 });
  expect(found.busiest).toBeCloseTo(busiest(found.held), 6);
  expect(found.busiest).toBeLessThan(0.97 * busiest(start));
  for (const own of found.held) expect(new Set(own).size).toBe(2);
  for (const expert of loads.keys()) {
    const nodes = new Set(found.held.flatMap((own, rank) => (own.includes(expert) ? [rank >> 3] : [])));
    expect(nodes.size).toBeGreaterThanOrEqual(2);
  }
});
