import fc from "fast-check";
import { expect, test } from "vitest";
import { type ClusterNode, totalGpus, uniformCluster } from "../../src/core/layout/cluster.ts";
import { Infeasible } from "../../src/core/layout/infeasible.ts";
import { assess, resilienceOf } from "../../src/core/placement/assess.ts";
import { fewestSlots } from "../../src/core/placement/fewestSlots.ts";
import { makePlacement } from "../../src/core/placement/makePlacement.ts";
import type { Policy } from "../../src/core/placement/policy.ts";
import { type RedundancyGoal, reaches } from "../../src/core/placement/redundancyGoal.ts";

const common = { allocation: "lazarus", minReplicas: 2, seed: 0, failureProbability: 0.1, effort: "fast" } as const;
const mro: Policy = { ...common, placement: "mro" };
const oneLayer = (loads: readonly number[]) => [{ layer: 0, loads }];

/** Counts of slots on a GPU, from 1 to `most`, with which the policy's plan reaches the goal; refusals count as failures. */
function scan(
  nodes: readonly ClusterNode[],
  layers: ReturnType<typeof oneLayer>,
  policy: Policy,
  goal: RedundancyGoal,
  most: number,
) {
  return Array.from({ length: most }, (_, i) => i + 1).filter((count) => {
    try {
      const made = makePlacement(
        nodes.map((node) => ({ ...node, slots: count * node.gpus })),
        layers,
        policy,
      );
      return reaches(goal, made, assess(made, policy), policy);
    } catch (error) {
      if (error instanceof Infeasible) return false;
      throw error;
    }
  });
}

const instances = fc
  .record({
    nodes: fc.array(fc.record({ gpus: fc.integer({ min: 1, max: 3 }), rack: fc.integer({ min: 0, max: 2 }) }), {
      minLength: 2,
      maxLength: 6,
    }),
    alike: fc.boolean(),
    failureUnit: fc.constantFrom("gpu" as const, "node" as const, "domain" as const),
    layers: fc.array(fc.array(fc.integer({ min: 0, max: 200 }), { minLength: 7, maxLength: 7 }), { minLength: 1, maxLength: 2 }),
    placement: fc.constantFrom("resilient" as const, "resilient" as const, "balanced" as const, "mro" as const),
    balanceSlack: fc.constantFrom(0.02, 0.2, Number.POSITIVE_INFINITY),
    survive: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
    survival: fc.option(fc.double({ min: 0.3, max: 0.9999, noNaN: true }), { nil: undefined }),
    minReplicas: fc.option(fc.integer({ min: 1, max: 2 }), { nil: undefined }),
  })
  .map(({ nodes, alike, layers, survive, survival, minReplicas, failureUnit, placement, balanceSlack }) => ({
    nodes: nodes.map(({ gpus, rack }, n) => ({
      name: `n${n}`,
      gpus: alike ? nodes[0]!.gpus : gpus,
      slots: 1,
      ...(failureUnit === "domain" && { domain: `rack-${rack}` }),
    })),
    layers: layers.map((loads, layer) => ({ layer, loads })),
    goal: { survive, survival, minReplicas },
    policy: {
      ...common,
      placement,
      failureUnit,
      minReplicas: minReplicas ?? 2,
      balanceSlack: placement === "resilient" ? balanceSlack : undefined,
    },
  }));

test("the fewest slots are those that a scan of all counts finds, and no plan reaches the goal below the bound", () => {
  let compared = 0;
  fc.assert(
    fc.property(instances, ({ nodes, layers, goal, policy }) => {
      let found: ReturnType<typeof fewestSlots>;
      try {
        found = fewestSlots(nodes, layers, policy, goal);
      } catch (error) {
        expect(error).toBeInstanceOf(Infeasible);
        return;
      }
      const { chosen, tried, atLeast, fewest } = found;
      const reaching = scan(nodes, layers, found.policy, goal, chosen.slotsPerGpu);
      expect(reaching).toEqual(fewest === "some-untried" ? expect.arrayContaining([chosen.slotsPerGpu]) : [chosen.slotsPerGpu]);
      expect(chosen.slotsPerGpu).toBeGreaterThanOrEqual(atLeast);
      expect(fewest === "proven").toBe(chosen.slotsPerGpu === atLeast);
      expect(chosen.made.cluster.map(({ slots }) => slots)).toEqual(nodes.map(({ gpus }) => gpus * chosen.slotsPerGpu));
      // From the chosen count on, more slots never reach less.
      const above = tried.filter(({ slotsPerGpu }) => slotsPerGpu >= chosen.slotsPerGpu);
      const survivals = above.map(({ assessment }) => resilienceOf(assessment, policy).survival.probability);
      expect(above.every((row) => row.reaches)).toBe(true);
      expect(survivals).toEqual(survivals.toSorted((a, b) => a - b));
      expect(tried.map(({ slotsPerGpu }) => slotsPerGpu)).toEqual(
        tried.map(({ slotsPerGpu }) => slotsPerGpu).toSorted((a, b) => a - b),
      );
      compared++;
    }),
    { numRuns: 80 },
  );
  expect(compared).toBeGreaterThan(40);
});

test("what is said of the chosen slots holds for its plan: K failures, replicas, balance", () => {
  const layers = oneLayer([90, 40, 30, 20, 10, 5, 3, 2]);
  const policy: Policy = { ...common, placement: "resilient", balanceSlack: 0.02 };
  const { chosen, policy: used } = fewestSlots(uniformCluster(6, 2, 2), layers, policy, { survive: 2 });
  // 8 experts on 3 nodes each need 24 slots; the hottest's 45 % of the load take 6 of 12 GPUs: 27 slots, so 3 a GPU.
  expect(chosen.slotsPerGpu).toBe(3);
  expect(used.minReplicas).toBe(3);
  expect(chosen.assessment.recovery.failures[1]!.probability).toBe(1);
  expect(chosen.assessment.balance.optimal).toBeLessThanOrEqual(1.0201);
});

test("where GPUs fail one by one, copies count by GPU: all on every one survive all failures but one", () => {
  const policy: Policy = { ...common, placement: "resilient", failureUnit: "gpu" };
  const { chosen, atLeast } = fewestSlots(uniformCluster(2, 1, 3), oneLayer([5, 4, 3, 2, 1, 1]), policy, { survive: 5 });
  expect([atLeast, chosen.slotsPerGpu]).toEqual([6, 6]);
  expect(resilienceOf(chosen.assessment, policy).recovery.tolerates).toBe(5);
  const everything = () => fewestSlots(uniformCluster(2, 1, 2), oneLayer([5, 4]), policy, { survive: 4 });
  expect(everything).toThrow("the failure of 4 of 4 GPUs leaves nothing; ask for at most 3, or add GPUs");
});

test("one less and one more slot than chosen are tried, where the experts fit", () => {
  const layers = oneLayer([9, 8, 7, 6]);
  const { tried, chosen } = fewestSlots(uniformCluster(4, 1), layers, mro, { survive: 1 });
  expect(chosen.slotsPerGpu).toBe(2);
  expect(tried.map(({ slotsPerGpu, reaches }) => [slotsPerGpu, reaches])).toEqual([
    [1, false],
    [2, true],
    [3, true],
  ]);
});

test("no fewer slots than hold the experts are tried, nor more than hold them everywhere", () => {
  const layers = oneLayer([9, 8, 7, 6]);
  const told: number[] = [];
  const { fewest } = fewestSlots(uniformCluster(4, 1), layers, { ...mro, minReplicas: 1 }, {}, (count) => told.push(count));
  expect([fewest, told]).toEqual(["proven", [1, 2]]);
  const all = fewestSlots(uniformCluster(4, 1), layers, mro, { survive: 3 });
  expect(all.tried.map(({ slotsPerGpu, reaches }) => [slotsPerGpu, reaches])).toEqual([
    [3, false],
    [4, true],
  ]);
});

test("a count that strides leave out is tried after all", () => {
  // The paper's placement reaches this survival with 5 slots and with 7, not with 3, 4 and 6.
  const layers = oneLayer([14, 2, 23, 5, 26, 20, 10, 28, 10, 25, 11, 18, 28]);
  const policy: Policy = { ...mro, allocation: "even" };
  const goal = { survival: 0.899998991 };
  expect(scan(uniformCluster(9, 1), layers, policy, goal, 7)).toEqual([5, 7]);
  const { chosen, tried, fewest, atLeast } = fewestSlots(uniformCluster(9, 1), layers, policy, goal);
  expect([atLeast, chosen.slotsPerGpu, fewest]).toEqual([3, 5, "tried"]);
  // With one slot more the plan for fewer is kept, and the slot free.
  const next = tried.find(({ slotsPerGpu }) => slotsPerGpu === 6)!;
  expect(next.reaches).toBe(true);
  expect(next.assessment.survival.probability).toBe(chosen.assessment.survival.probability);
  expect(next.made.layers[0]!.nodes.every((slots) => slots.includes(-1))).toBe(true);
});

test("where many counts were left out it says so", () => {
  const layers = oneLayer(Array.from({ length: 40 }, (_, e) => 1 + (e % 5 === 0 ? 30 * (e + 1) : e)));
  const told: number[] = [];
  const { fewest, tried } = fewestSlots(uniformCluster(5, 1), layers, mro, { survive: 2 }, (count) => told.push(count));
  expect(fewest).toBe("some-untried");
  // Strides up to the most, of which the last but one fails, and six of those left out, from above.
  expect(told).toEqual([24, 25, 27, 31, 39, 40, 38, 37, 36, 35, 34, 33]);
  expect(told.toSorted((a, b) => a - b)).toEqual(tried.map(({ slotsPerGpu }) => slotsPerGpu));
});

test.each([
  ["as many failures as nodes", { survive: 3 }, 3, /the failure of 3 of 3 nodes leaves nothing; ask for at most 2/],
  ["the only node", { survive: 1 }, 1, /the failure of the only node leaves nothing; add nodes/],
  ["more than full copies survive", { survival: 0.9991 }, 3, /on each of 3 nodes, a job survives with probability 0\.999/],
])("refused: %s", (_, goal, nodes, message) => {
  expect(() => fewestSlots(uniformCluster(nodes, 1), oneLayer([3, 2, 1]), mro, goal)).toThrow(message);
});

test("refused: a policy that never gets there", () => {
  const layers = oneLayer([100, 1, 1, 1]);
  const eplb: Policy = { ...common, placement: "eplb" };
  const nodes = uniformCluster(3, 2, 2);
  expect(() => fewestSlots(nodes, layers, eplb, { survive: 2 })).toThrow(/eplb found no plan .* up to 4 slots/);
  expect(scan(nodes, layers, { ...eplb, minReplicas: 3 }, { survive: 2 }, 4)).toEqual([]);
  expect(totalGpus(nodes)).toBe(6);
});
