/** Layers that get host sets of their own are searched one by one, but their seconds are weighed against those of all layers. */
import { expect, test, vi } from "vitest";
import { randomSource } from "../../src/core/algorithms/random.ts";
import { optimalBalance } from "../../src/core/balance/optimalBalance.ts";
import { uniformCluster } from "../../src/core/layout/cluster.ts";
import type { Design } from "../../src/core/placement/resilient/design/design.ts";
import { membersOf } from "../../src/core/placement/resilient/design/subsets.ts";
import { clusterCell } from "../../src/core/placement/resilient/search/clusterCell.ts";
import { searchForStep } from "../../src/core/placement/resilient/search/searchForStep.ts";
import { failureUnits } from "../../src/core/recovery/failureUnits.ts";

/** Layers and cost of every design that is annealed, which stays as it is. */
const annealed = vi.hoisted(() => [] as { layers: number; cost: number }[]);
vi.mock("../../src/core/placement/resilient/search/anneal.ts", () => ({
  anneal: ({ layers, cost }: Design) => annealed.push({ layers: layers.length, cost }),
}));

test("a layer's search counts the cost of the other layers", () => {
  const cluster = uniformCluster(4, 1);
  const layers = [
    [70, 20, 10],
    [40, 30, 30],
    [5, 5, 90],
  ].map((loads, layer) => ({ layer, loads }));
  const units = failureUnits(cluster, { unit: "node", probability: 0.1 });
  const nodes = cluster.map((_, node) => [node]);
  const cell = clusterCell({ cluster, layers }, nodes, units, { minHosts: 1, balanceLimit: Infinity });
  const costs = { base: 0.5, perCompute: 2, perTraffic: 0, perSync: 0 };
  const worth = ({ survival, seconds }: { survival: number; seconds: number }) => survival / seconds;
  const search = { moves: 10, hottest: 1, random: randomSource(0), shouldStop: () => false };
  const found = searchForStep(cell, { costs, worth }, search);
  const seconds = found.map((sets, l) => optimalBalance([...sets].map(membersOf), layers[l]!.loads, [1, 1, 1, 1]).maxOverMean);
  const beyondEven = seconds.reduce((sum, compute) => sum + 2 * (compute - 1), 0);
  expect(beyondEven).toBeGreaterThan(1);
  const ofLayers = annealed.filter((design) => design.layers === 1);
  expect(ofLayers.length % 3).toBe(0);
  for (const { cost } of ofLayers) expect(cost).toBeCloseTo(beyondEven, 9);
  expect(annealed.length).toBeGreaterThan(ofLayers.length);
});
