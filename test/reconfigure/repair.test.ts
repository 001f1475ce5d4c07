import fc from "fast-check";
import { expect, test } from "vitest";
import { optimalBalance } from "../../src/core/balance/optimalBalance.ts";
import { uniformCluster } from "../../src/core/layout/cluster.ts";
import {
  countReplicas,
  hostSets,
  type LayerLoads,
  type LayerPlacement,
  type Placement,
} from "../../src/core/layout/placement.ts";
import { makePlacement } from "../../src/core/placement/makePlacement.ts";
import { survivalOfStarts } from "../../src/core/placement/resilient/search/survivalOfStarts.ts";
import { betterParts, ownParts } from "../../src/core/reconfigure/chooseParts.ts";
import { nearestPlacement } from "../../src/core/reconfigure/nearestPlacement.ts";
import { reconfigure } from "../../src/core/reconfigure/reconfigure.ts";
import { survivors } from "../../src/core/reconfigure/survivors.ts";
import { failureUnits, survivalUnder } from "../../src/core/recovery/failureUnits.ts";
import { logNormalLayers } from "../../src/dev/logNormalLayers.ts";
import { quickPolicy as policy } from "../support/policy.ts";

/** Resilient placements some nodes of which fail while others join, under the old loads or newer ones. */
const changes = fc
  .record({
    nodes: fc.integer({ min: 4, max: 8 }),
    slots: fc.integer({ min: 2, max: 5 }),
    gpus: fc.constantFrom(1, 2),
    experts: fc.integer({ min: 2, max: 10 }),
    layers: fc.integer({ min: 1, max: 2 }),
    failed: fc.uniqueArray(fc.nat(7), { maxLength: 2 }),
    joined: fc.nat(2),
    areNew: fc.boolean(),
    loads: fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 40, maxLength: 40 }),
  })
  .filter(({ nodes, slots, experts, gpus }) => slots >= gpus && (nodes - 2) * slots >= experts)
  .map(({ nodes, slots, gpus, experts, layers, failed, joined, areNew, loads }) => {
    const loadsFrom = (first: number): LayerLoads[] =>
      Array.from({ length: layers }, (_, layer) => ({
        layer,
        loads: loads.slice(first + layer * experts, first + (layer + 1) * experts),
      }));
    const cluster = uniformCluster(nodes, slots, gpus);
    const old = makePlacement(cluster, loadsFrom(0), policy);
    const newcomers = Array.from({ length: joined }, (_, n) => ({ name: `new${n}`, slots, gpus }));
    const gone = failed.filter((node) => node < nodes);
    return { old, survivors: survivors(old, gone, newcomers), loads: areNew ? loadsFrom(20) : loadsFrom(0), policy };
  })
  .filter(({ survivors: { lost } }) => lost.length === 0);

function balanceOf({ cluster, layers }: Placement): number {
  const gpus = cluster.map((node) => node.gpus);
  return Math.max(...layers.map((layer) => optimalBalance(hostSets(layer), layer.loads, gpus).maxOverMean));
}

test("a repaired placement is as good as a new one, and moves less than that would", () => {
  let repairs = 0;
  let saved = 0;
  fc.assert(
    fc.property(changes, (problem) => {
      const { cluster } = problem.survivors;
      const fresh = makePlacement(cluster, problem.loads, policy);
      const { placement, isRepaired } = nearestPlacement(problem, () => fresh);
      const moves = (plan: readonly LayerPlacement[]) =>
        reconfigure({ survivors: problem.survivors, plan, mapping: "optimal", keepDomains: false }).transfers.length;
      if (!isRepaired) {
        expect(placement).toBe(fresh);
        return;
      }
      repairs++;
      saved += moves(fresh.layers) - moves(placement.layers);
      const survivalOf = ({ layers }: Placement) =>
        survivalUnder(layers.map(hostSets), failureUnits(cluster, { unit: "node", probability: 0.1 }), 0);
      // Balance comes before survival.
      if (fresh.withinBalanceLimit || !placement.withinBalanceLimit) {
        expect(survivalOf(placement)).toBeGreaterThanOrEqual(survivalOf(fresh) - 1.001e-5);
      }
      if (fresh.withinBalanceLimit && problem.old.withinBalanceLimit) {
        expect(placement.withinBalanceLimit).toBe(true);
        expect(balanceOf(placement)).toBeLessThanOrEqual(1.02 * (1 + 1e-9));
      }
      placement.layers.forEach((layer, l) => {
        expect(layer.loads).toEqual(problem.loads[l]!.loads);
        const hosts = hostSets(layer).map((set) => set.length);
        expect(hosts).toEqual(layer.replicas);
        expect(Math.min(...hosts)).toBeGreaterThanOrEqual(placement.keptMinReplicas);
        expect(layer.nodes.map((slots) => slots.length)).toEqual(cluster.map((node) => node.slots));
      });
    }),
    { numRuns: 40 },
  );
  expect(repairs).toBeGreaterThan(10);
  expect(saved).toBeGreaterThan(0);
});

test("a node that replaces a failed one takes its part, and nothing else moves", () => {
  const cluster = uniformCluster(9, 4);
  const layers = [{ layer: 0, loads: [90, 80, 70, 60, 50, 40, 30, 20, 10, 10, 10, 10] }];
  const old: Placement = { cluster, layers: makePlacement(cluster, layers, policy).layers };
  const left = survivors(old, [4], [{ name: "spare", slots: 4, gpus: 1 }]);
  const problem = { old, survivors: left, loads: layers, policy };
  const { placement, isRepaired } = nearestPlacement(problem, () => makePlacement(left.cluster, layers, policy));
  expect(isRepaired).toBe(true);
  const { transfers } = reconfigure({ survivors: left, plan: placement.layers, mapping: "optimal", keepDomains: false });
  expect(transfers.map(({ to }) => left.cluster[to]!.name)).toEqual(["spare", "spare", "spare", "spare"]);
  expect(transfers.map(({ expert }) => expert).sort((a, b) => a - b)).toEqual(
    [...old.layers[0]!.nodes[4]!].sort((a, b) => a - b),
  );
});

test("where a search would take a while, effort fast repairs what survives as much as a search's starts", () => {
  const layers = logNormalLayers(12, 16);
  const old = makePlacement(uniformCluster(10, 6), layers, { ...policy, effort: "normal" });
  let repairs = 0;
  let saved = 0;
  for (let failed = 0; failed < 10; failed++) {
    const left = survivors(old, [failed]);
    const fresh = makePlacement(left.cluster, layers, policy);
    const { placement, isRepaired } = nearestPlacement({ old, survivors: left, loads: layers, policy }, () => fresh);
    const units = failureUnits(left.cluster, { unit: "node", probability: 0.1 });
    const survivalOf = (plan: Placement) => survivalUnder(plan.layers.map(hostSets), units, 0);
    const least = Math.min(survivalOf(fresh), survivalOfStarts(left, 2, units));
    expect(survivalOf(placement)).toBeGreaterThanOrEqual(least - 1.001e-5);
    expect(placement.withinBalanceLimit).toBe(true);
    const moves = (plan: readonly LayerPlacement[]) =>
      reconfigure({ survivors: left, plan, mapping: "optimal", keepDomains: false, exchange: "free" }).transfers.length;
    repairs += isRepaired ? 1 : 0;
    saved += moves(fresh.layers) - moves(placement.layers);
  }
  expect(repairs).toBeGreaterThan(5);
  expect(saved).toBeGreaterThan(0);
});

test("the part of another node is left out when the job survives more that way", () => {
  // Three groups of hosts, of four, three and three nodes; a node of a smaller group fails.
  const groups = [
    [0, 3, 6, 9],
    [1, 4, 7],
    [2, 5, 8],
  ];
  const groupOf = (node: number) => groups.findIndex((group) => group.includes(node));
  const cluster = uniformCluster(10, 2);
  const nodes = cluster.map((_, node) => [2 * groupOf(node), 2 * groupOf(node) + 1]);
  const loads = [4, 4, 3, 3, 3, 3];
  const old: Placement = { cluster, layers: [{ layer: 0, loads, replicas: [4, 4, 3, 3, 3, 3], nodes }] };
  const left = survivors(old, [4]);
  const units = failureUnits(left.cluster, { unit: "node", probability: 0.1 });
  const own = ownParts(old, left);
  expect(own).toEqual([0, 1, 2, 3, 5, 6, 7, 8, 9]);
  const parts = betterParts(old, left, own, units, 1e-5)!;
  const sizes = [0, 1, 2].map((group) => parts.filter((part) => groupOf(part) === group).length);
  expect(sizes).toEqual([3, 3, 3]);
  expect(parts.filter((part, n) => part !== own[n])).toHaveLength(1);
  expect(betterParts(old, survivors(old, [0]), ownParts(old, survivors(old, [0])), units, 1e-5)).toEqual([
    1, 2, 3, 4, 5, 6, 7, 8, 9,
  ]);
});

test("betterParts never survives less, and no other single change would survive more", () => {
  const cluster = uniformCluster(5, 2);
  const layers = [{ layer: 0, loads: [5, 4, 3, 2, 1] }];
  fc.assert(
    fc.property(
      fc.array(fc.shuffledSubarray([0, 1, 2, 3, 4], { minLength: 2, maxLength: 2 }), { minLength: 5, maxLength: 5 }),
      fc.nat(4),
      (nodes, failed) => {
        const replicas = countReplicas(5, nodes);
        fc.pre(replicas.every((count) => count > 0));
        const old: Placement = { cluster, layers: [{ ...layers[0]!, replicas, nodes }] };
        const left = survivors(old, [failed]);
        const units = failureUnits(left.cluster, { unit: "node", probability: 0.2 });
        const own = ownParts(old, left);
        const survivalWith = (parts: readonly number[]) =>
          survivalUnder([hostSets({ loads: layers[0]!.loads, nodes: parts.map((part) => nodes[part]!) })], units, 0);
        const reached = survivalWith(betterParts(old, left, own, units, 0)!);
        expect(reached).toBeGreaterThanOrEqual(survivalWith(own));
        // No single change is better.
        for (const [n] of own.entries()) {
          for (let part = 0; part < 5; part++)
            expect(survivalWith(betterParts(old, left, own, units, 0)!.with(n, part))).toBeLessThanOrEqual(reached + 1e-12);
        }
      },
    ),
  );
});
