import fc from "fast-check";
import { expect, test } from "vitest";
import { uniformCluster } from "../../src/core/layout/cluster.ts";
import { assess } from "../../src/core/placement/assess.ts";
import { explain } from "../../src/core/placement/explain.ts";
import { makePlacement } from "../../src/core/placement/makePlacement.ts";
import { PLACEMENT_POLICIES, sharesOf } from "../../src/core/placement/policy.ts";

const policy = { allocation: "lazarus", minReplicas: 1, seed: 0, failureProbability: 0.1, effort: "fast" } as const;

test("a change of the cluster on which the policy cannot place is left out of the alternatives", () => {
  const cluster = [...uniformCluster(2, 2), { name: "large", slots: 4, gpus: 2 }];
  const changes = (placement: "eplb" | "mro") => {
    const made = makePlacement(cluster, [{ layer: 0, loads: [4, 3, 2, 1] }], { ...policy, placement: "mro" });
    return explain(made, { ...policy, placement }).alternatives.map(({ change }) => change);
  };
  expect(changes("mro")).toEqual(["one more slot on every GPU", "one more node"]);
  expect(changes("eplb")).toEqual([]);
});

test.each([
  [1, "one more slot on every node"],
  [2, "one more slot on every GPU"],
])("on nodes of %d GPUs: %s", (gpus, change) => {
  const full = { ...policy, placement: "mro" } as const;
  const made = makePlacement(uniformCluster(2, 4, gpus), [{ layer: 0, loads: [4, 3, 2, 1] }], full);
  expect(explain(made, full).alternatives[0]!.change).toBe(change);
});

test("more slots or nodes never show a worse survival, nor more slots a worse balance than the limit and the plan have", () => {
  const instances = fc.record({
    nodes: fc.integer({ min: 1, max: 6 }),
    gpus: fc.integer({ min: 1, max: 3 }),
    spare: fc.integer({ min: 0, max: 4 }),
    loads: fc.array(fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 8, maxLength: 8 }), { minLength: 1, maxLength: 3 }),
    placement: fc.constantFrom(...PLACEMENT_POLICIES),
    minReplicas: fc.integer({ min: 1, max: 3 }),
  });
  fc.assert(
    fc.property(instances, ({ nodes, gpus, spare, loads, placement, minReplicas }) => {
      const perGpu = Math.ceil(8 / nodes / gpus) + spare;
      const full = { ...policy, placement, minReplicas };
      const layers = loads.map((tokens, layer) => ({ layer, loads: tokens }));
      const made = makePlacement(uniformCluster(nodes, perGpu * gpus, gpus), layers, full);
      const now = assess(made, full);
      const balanceOf = ({ balance }: typeof now) => (sharesOf(full) === "free" ? balance.optimal : balance.even);
      const { alternatives, fatalFailures } = explain(made, full);
      expect(alternatives).toHaveLength(2);
      for (const { change, assessment } of alternatives) {
        expect(assessment.survival.probability).toBeGreaterThanOrEqual(now.survival.probability - 1e-8);
        expect(assessment.recovery.tolerates).toBeGreaterThanOrEqual(now.recovery.tolerates);
        const [before, after] = [now, assessment].map(({ recovery }) => recovery.failures[fatalFailures - 1]!.probability);
        expect(after).toBeGreaterThanOrEqual(before! - 1e-8);
        if (change === "one more node") continue;
        const limit = placement === "resilient" ? 1.02 : 1;
        expect(balanceOf(assessment)).toBeLessThanOrEqual(Math.max(limit, balanceOf(now)) + 2e-4);
      }
    }),
    { numRuns: 150 },
  );
});
