import fc from "fast-check";
import { expect, test } from "vitest";
import { uniformCluster } from "../../src/core/layout/cluster.ts";
import { FREE_SLOT } from "../../src/core/layout/placement.ts";
import { makePlacement } from "../../src/core/placement/makePlacement.ts";
import { SHARES } from "../../src/core/placement/policy.ts";

test("resilient and balanced give no GPU an expert twice while it has no more slots than there are experts", () => {
  fc.assert(
    fc.property(
      fc.record({
        nodes: fc.integer({ min: 1, max: 5 }),
        gpus: fc.integer({ min: 1, max: 4 }),
        perGpu: fc.integer({ min: 1, max: 4 }),
        loads: fc.array(fc.oneof(fc.nat(20), fc.nat(10_000)), { minLength: 2, maxLength: 12 }),
        placement: fc.constantFrom("resilient" as const, "balanced" as const),
        shares: fc.constantFrom(...SHARES),
      }),
      ({ nodes, gpus, perGpu, loads, placement, shares }) => {
        fc.pre(nodes * gpus * perGpu >= loads.length && perGpu <= loads.length);
        const policy = { placement, shares, allocation: "lazarus", minReplicas: 2, seed: 0, failureProbability: 0.1 } as const;
        const cluster = uniformCluster(nodes, gpus * perGpu, gpus);
        const made = makePlacement(cluster, [{ layer: 0, loads }], { ...policy, effort: "fast" });
        for (const slots of made.layers[0]!.nodes) {
          for (let from = 0; from < slots.length; from += perGpu) {
            const held = slots.slice(from, from + perGpu).filter((expert) => expert !== FREE_SLOT);
            expect(new Set(held).size).toBe(held.length);
          }
        }
      },
    ),
  );
});
