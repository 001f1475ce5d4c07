import fc from "fast-check";
import { expect, test } from "vitest";
import { uniformCluster } from "../../src/core/layout/cluster.ts";
import { FREE_SLOT } from "../../src/core/layout/placement.ts";
import { placeLayers } from "../../src/core/placement/placeLayers.ts";
import { spreadPlacement } from "../../src/core/placement/spread.ts";

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

test("the copies kept are those of the layer that has fewest", () => {
  const layers = [
    { layer: 0, loads: [1, 2] },
    { layer: 1, loads: [1, 2, 3] },
  ];
  const rules = { cluster: uniformCluster(2, 2), layers, allocation: "even", placement: "spread" } as const;
  expect(placeLayers({ ...rules, minReplicas: 2 }).minReplicas).toBe(1);
  expect(placeLayers({ ...rules, layers: layers.slice(0, 1), minReplicas: 3 }).minReplicas).toBe(2);
});

test("spread goes round, past full nodes to the next, and past nodes with a copy on each GPU while others have room", () => {
  const nodes = [1, 3, 1, 1, 3].map((slots, n) => ({ name: `node${n}`, slots, gpus: 1 }));
  expect(spreadPlacement([5, 1, 1], nodes)).toEqual(
    [[0], [0, 1], [0], [0], [0, 2]].map((held, n) => [...held, ...free(nodes[n]!.slots - held.length)]),
  );
  expect(
    spreadPlacement(
      [2, 3],
      [1, 3, 1].map((slots, n) => ({ name: `node${n}`, slots, gpus: 1 })),
    ),
  ).toEqual([[0], [0, 1, 1], [1]]);
  function free(count: number): number[] {
    return new Array<number>(count).fill(FREE_SLOT);
  }
});
