/** What stays where it is: experts in their slots, copies in host memory, names of nodes. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { gpuOfSlot, uniformCluster } from "../../src/core/layout/cluster.ts";
import { countReplicas, FREE_SLOT, type LayerPlacement } from "../../src/core/layout/placement.ts";
import { joinedNodes } from "../../src/core/reconfigure/joinedNodes.ts";
import { placeAfresh } from "../../src/core/reconfigure/placeResidents.ts";
import { rankLoadLimit } from "../../src/core/reconfigure/rankLoadLimit.ts";
import { gpusOfParts, settleSlots } from "../../src/core/reconfigure/settleSlots.ts";
import { keepInMemory } from "../../src/core/reconfigure/spillExperts.ts";
import { permutations } from "../support/permutations.ts";

test("no other way to give the plan's parts to GPUs keeps more replicas in their slots' GPU", () => {
  const content = fc.array(fc.integer({ min: FREE_SLOT, max: 4 }), { minLength: 6, maxLength: 6 });
  fc.assert(
    fc.property(fc.constantFrom(2, 3), content, content, (gpus, held, planned) => {
      const node = { name: "n", slots: 6, gpus };
      const partsOf = (slots: readonly number[]) =>
        Array.from({ length: gpus }, (_, gpu) =>
          slots.filter((expert, slot) => expert !== FREE_SLOT && gpuOfSlot(node, slot) === gpu),
        );
      const before = partsOf(held);
      const common = (one: readonly number[], other: readonly number[]) =>
        [0, 1, 2, 3, 4].reduce((sum, e) => sum + Math.min(...[one, other].map((list) => list.filter((x) => x === e).length)), 0);
      const kept = (parts: readonly (readonly number[])[]) =>
        parts.reduce((sum, part, gpu) => sum + common(part, before[gpu]!), 0);
      const most = Math.max(...[...permutations(gpus)].map((order) => kept(order.map((part) => partsOf(planned)[part]!))));
      const settled = settleSlots(node, { held, planned }, gpusOfParts(node, [{ held, planned }]));
      expect(kept(partsOf(settled))).toBe(most);
      // And whoever stays on a GPU stays in a slot that it had.
      expect(settled.filter((expert, slot) => expert !== FREE_SLOT && expert === held[slot])).toHaveLength(most);
    }),
  );
});

test("each expert is kept by those of its holders that keep fewest, the first of equals", () => {
  const holdersArbitrary = fc.array(fc.subarray([0, 1, 2, 3, 4], { minLength: 1 }), { minLength: 6, maxLength: 6 });
  fc.assert(
    fc.property(holdersArbitrary, fc.integer({ min: 1, max: 3 }), (holders, copies) => {
      const cluster = uniformCluster(5, 1);
      const layer = { layer: 4, loads: holders.map(() => 1), replicas: [1, 0, 0, 0, 0, 0], nodes: [[0], [0], [0], [0], [0]] };
      const kept = [0, 0, 0, 0, 0];
      const expected = holders.slice(1).map((nodes, i) => {
        const left = [...nodes];
        const chosen: number[] = [];
        while (left.length > 0 && chosen.length < copies) {
          const best = left.reduce((a, b) => (kept[b]! < kept[a]! ? b : a));
          left.splice(left.indexOf(best), 1);
          chosen.push(best);
        }
        for (const node of chosen) kept[node]!++;
        return { layer: 4, expert: i + 1, nodes: chosen.sort() };
      });
      expect(keepInMemory({ cluster, holders: [holders] }, [layer], copies)).toEqual(expected);
    }),
  );
});

test("a cluster too small for all experts keeps the coldest in the memory of as many nodes as it has copies of others", () => {
  const layers = [{ layer: 0, loads: [5, 1, 9, 3, 7, 2] }];
  const policy = { placement: "mro", allocation: "lazarus", minReplicas: 2, seed: 0, failureProbability: 0.1 } as const;
  const { layers: placed, spilled } = placeAfresh(uniformCluster(2, 2), layers, policy);
  expect(placed[0]!.replicas.map((count) => count > 0)).toEqual([true, false, true, true, true, false]);
  expect(spilled).toEqual([
    { layer: 0, expert: 1, nodes: [0, 1] },
    { layer: 0, expert: 5, nodes: [0, 1] },
  ]);
  expect(placeAfresh(uniformCluster(1, 2), layers, policy).spilled!.every(({ nodes }) => nodes.length === 1)).toBe(true);
});

test("joined nodes are like the old ones, with names that are free", () => {
  const cluster = uniformCluster(3, 4, 2);
  expect(joinedNodes(cluster, [], {})).toEqual([]);
  expect(joinedNodes(cluster, [], { joined: 0 })).toEqual([]);
  expect(joinedNodes(cluster, [], { joined: 2 })).toEqual([3, 4].map((id) => ({ name: `node${id}`, slots: 4, gpus: 2 })));
  const named = [{ ...cluster[0]!, name: "node1" }, cluster[2]!];
  expect(joinedNodes(named, [], { joined: 2 }).map(({ name }) => name)).toEqual(["node3", "node4"]);
  expect(joinedNodes(cluster, [1], { joined: ["node1"], slots: 8 })).toEqual([{ name: "node1", slots: 8, gpus: 2 }]);
  expect(() => joinedNodes(cluster, [1], { joined: ["node2"] })).toThrow('there is a live node "node2"');
  const unlike = [...cluster, { name: "big", slots: 8, gpus: 2 }];
  expect(() => joinedNodes(unlike, [], { joined: 1 })).toThrow("differ in slots");
  expect(joinedNodes(unlike, [], { joined: 1, slots: 6 })).toEqual([{ name: "node4", slots: 6, gpus: 2 }]);
});

test("the busiest rank under even shares is a limit for other placements of the layer", () => {
  const slots = fc.array(fc.array(fc.nat(3), { minLength: 4, maxLength: 4 }), { minLength: 2, maxLength: 2 });
  fc.assert(
    fc.property(slots, slots, fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 4, maxLength: 4 }), (one, other, loads) => {
      const cluster = uniformCluster(2, 4, 2);
      const layerOf = (nodes: number[][]): LayerPlacement => ({ layer: 0, loads, nodes, replicas: countReplicas(4, nodes) });
      const busiest = ({ nodes, replicas }: LayerPlacement) =>
        Math.max(
          ...nodes.flatMap((held) =>
            [0, 2].map((first) => held.slice(first, first + 2).reduce((sum, e) => sum + loads[e]! / replicas[e]!, 0)),
          ),
        );
      const [given, candidate] = [layerOf(one), layerOf(other)];
      expect(rankLoadLimit(cluster, given, "even")(candidate)).toBe(busiest(candidate) <= busiest(given) * (1 + 1e-9));
    }),
  );
});
