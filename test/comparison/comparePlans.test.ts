import fc from "fast-check";
import { expect, test } from "vitest";
import { comparePlans, judgedBy } from "../../src/core/comparison/comparePlans.ts";
import { movesBetween } from "../../src/core/comparison/movesBetween.ts";
import { hostSets, type Placement } from "../../src/core/layout/placement.ts";
import { type Policy, planFigures, SHARES, uniformCluster } from "../../src/index.ts";
import { drawnPlans } from "../support/comparison.ts";
import { permutations } from "../support/permutations.ts";

const pairs = drawnPlans({ ranks: 6, experts: 5, slotsOfARank: 2, layers: 2, plans: 2, gpus: 2, domains: 2 });
const training = { base: 0.1, perCompute: 0.01, perTraffic: 0.02, perSync: 0.003, samplesPerStep: 8 };

test("figures are those that place reports under the same terms", () => {
  fc.assert(
    fc.property(pairs, fc.constantFrom(...SHARES), (plans, shares) => {
      const terms = { shares, failureProbability: 0.2, seed: 0 };
      const compared = comparePlans(
        plans.map((placement) => ({ placement, training })),
        terms,
      );
      plans.forEach((placement, p) => {
        const policy: Policy = { ...terms, placement: "resilient", allocation: "lazarus", minReplicas: 1, training };
        const { step, ...assessment } = planFigures(placement, policy);
        expect(compared[p]!.assessment).toEqual(assessment);
        expect(compared[p]!.stepSeconds).toBe(step!.stepSeconds);
      });
    }),
    { numRuns: 40, endOnFailure: true },
  );
});

/** Replicas missing under the best exchange of nodes within their domains. */
function fewestMoves(old: Placement, next: Placement): number {
  const domains = old.cluster.map(({ domain }) => domain);
  const moves = permutations(domains.length)
    .filter((partOf) => partOf.every((part, node) => domains[part] === domains[node]))
    .map((partOf) =>
      next.layers.reduce((sum, layer, l) => {
        const held = hostSets(old.layers[l]!);
        const wanted = hostSets(layer);
        return (
          sum +
          partOf.reduce(
            (lacking, part, node) =>
              lacking + wanted.filter((hosts, expert) => hosts.includes(part) && !held[expert]!.includes(node)).length,
            0,
          )
        );
      }, 0),
    );
  return Math.min(...moves);
}

test.each([
  ["in domains", drawnPlans({ ranks: 4, experts: 5, slotsOfARank: 3, layers: 2, plans: 2, domains: 2 })],
  // Here taking the cheapest part first is not always best.
  ["without domains", drawnPlans({ ranks: 3, experts: 4, slotsOfARank: 3, layers: 1, plans: 2 })],
])("moved counts what nodes lack when the best of them play each part, %s", (_, plans) => {
  fc.assert(
    fc.property(plans, ([old, next]) => {
      const [first, second] = comparePlans([{ placement: old! }, { placement: next! }], {
        shares: "even",
        failureProbability: 0.1,
        seed: 0,
      });
      expect(first!.moves!.moved).toBe(0);
      expect(second!.moves!.moved).toBe(fewestMoves(old!, next!));
    }),
    { numRuns: 200, endOnFailure: true },
  );
});

test("without like nodes, or with an expert that nobody holds, nothing is said about moves", () => {
  const plan = (nodes: number[][], name = "node"): Placement => ({
    cluster: uniformCluster(nodes.length, nodes[0]!.length).map((node, n) => ({ ...node, name: `${name}${n}` })),
    layers: [{ layer: 0, loads: [1, 1], replicas: [1, 1], nodes }],
  });
  expect(movesBetween(plan([[0], [1]]), plan([[1], [0]], "other"))!.transfers).toEqual([]);
  expect(movesBetween(plan([[0], [1]]), plan([[0, 1]]))).toBeUndefined();
  expect(movesBetween(plan([[0], [1]]), plan([[0], [1], [1]]))).toBeUndefined();
  expect(movesBetween(plan([[0], [0]]), plan([[0], [1]]))).toBeUndefined();
});

test("duplicates and free slots are counted in all layers; layers and loads can be chosen", () => {
  const nodes = [
    [0, 0, 1, 1],
    [0, -1, 1, 2],
  ];
  const layer = { layer: 0, loads: [8, 4, 2], replicas: [3, 3, 1], nodes };
  const placement = { cluster: uniformCluster(2, 4, 2), layers: [layer, { ...layer, layer: 1 }, { ...layer, layer: 2 }] };
  const chosen = judgedBy(placement, [
    { layer: 2, loads: [1, 1, 1] },
    { layer: 0, loads: [2, 2, 2] },
  ]);
  expect(chosen.layers.map(({ layer, loads }) => [layer, loads])).toEqual([
    [2, [1, 1, 1]],
    [0, [2, 2, 2]],
  ]);
  const [compared] = comparePlans([{ placement: chosen }], { shares: "even", failureProbability: 0.1, seed: 0 });
  expect(compared).toMatchObject({ slots: 8, duplicates: 4, free: 2 });
});
