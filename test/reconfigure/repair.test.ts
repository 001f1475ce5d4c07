import fc from "fast-check";
import { expect, test } from "vitest";
import { optimalBalance } from "../../src/core/balance/optimalBalance.ts";
import { uniformCluster } from "../../src/core/cluster.ts";
import { makePlacement, type Policy } from "../../src/core/placement/makePlacement.ts";
import { failureUnits, survivalUnder } from "../../src/core/placement/resilient/failureUnits.ts";
import { hostSets, type LayerLoads, type LayerPlacement, type Placement } from "../../src/core/placement.ts";
import { nearestPlacement } from "../../src/core/reconfigure/nearestPlacement.ts";
import { reconfigure } from "../../src/core/reconfigure/reconfigure.ts";
import { survivors } from "../../src/core/reconfigure/survivors.ts";

const policy: Policy = {
  placement: "resilient",
  allocation: "lazarus",
  minReplicas: 2,
  seed: 0,
  failureProbability: 0.1,
  effort: "fast",
};

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
      expect(survivalOf(placement)).toBeGreaterThanOrEqual(survivalOf(fresh) - 1.001e-5);
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
