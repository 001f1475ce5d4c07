import fc from "fast-check";
import { expect, test } from "vitest";
import { uniformCluster } from "../../src/core/layout/cluster.ts";
import { placeLayers } from "../../src/core/placement/placeLayers.ts";

test("the two GPUs of a node share what its copies take as evenly as two and two can", () => {
  const problems = fc.record({
    loads: fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 4, maxLength: 7 }),
    nodes: fc.integer({ min: 2, max: 5 }),
    placement: fc.constantFrom("mro" as const, "spread" as const, "compact" as const),
    allocation: fc.constantFrom("lazarus" as const, "even" as const),
  });
  fc.assert(
    fc.property(problems, ({ loads, nodes, placement, allocation }) => {
      const { layers } = placeLayers({
        cluster: uniformCluster(nodes, 4, 2),
        layers: [{ layer: 0, loads }],
        minReplicas: 1,
        placement,
        allocation,
      });
      const { replicas, nodes: held } = layers[0]!;
      for (const slots of held) {
        // Two copies of an expert must not meet on a GPU, however uneven that is.
        if (new Set(slots).size < 4) continue;
        const [a, b, c, d] = slots.map((expert) => loads[expert]! / replicas[expert]!) as [number, number, number, number];
        const least = Math.min(Math.max(a + b, c + d), Math.max(a + c, b + d), Math.max(a + d, b + c));
        expect(Math.max(a + b, c + d)).toBeCloseTo(least, 9);
      }
    }),
  );
});
