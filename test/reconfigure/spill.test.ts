import fc from "fast-check";
import { expect, test } from "vitest";
import { uniformCluster } from "../../src/core/layout/cluster.ts";
import { hostSets } from "../../src/core/layout/placement.ts";
import { placeLayers } from "../../src/core/placement/placeLayers.ts";
import { placeAfresh } from "../../src/core/reconfigure/placeResidents.ts";
import { reconfigure } from "../../src/core/reconfigure/reconfigure.ts";
import { spillExperts, withSpilledExperts } from "../../src/core/reconfigure/spillExperts.ts";
import { survivors } from "../../src/core/reconfigure/survivors.ts";
import { quickPolicy } from "../support/policy.ts";

const rules = { minReplicas: 2, allocation: "lazarus", placement: "mro" } as const;

test("the coldest experts of each layer are spilled, as few as must be", () => {
  const layers = [
    { layer: 3, loads: [5, 1, 9, 1, 0] },
    { layer: 4, loads: [1, 2, 3] },
  ];
  expect(spillExperts(layers, 3)).toEqual({
    residents: [
      [0, 2, 3],
      [0, 1, 2],
    ],
    layers: [
      { layer: 3, loads: [5, 9, 1] },
      { layer: 4, loads: [1, 2, 3] },
    ],
  });
});

/** Six experts on five nodes of three slots each; the first three nodes are worth half as many slots as experts. */
const cases = fc.record({
  loads: fc.array(fc.array(fc.nat(20), { minLength: 6, maxLength: 6 }), { minLength: 1, maxLength: 3 }),
  failed: fc.uniqueArray(fc.nat(4), { minLength: 4, maxLength: 4 }),
  exchange: fc.constantFrom("even", "free", undefined),
});

test("spilled experts wait where they are, and come back when nodes join", () => {
  let spills = 0;
  fc.assert(
    fc.property(cases, ({ loads, failed, exchange }) => {
      const cluster = uniformCluster(5, 3);
      const layers = loads.map((row, l) => ({ layer: l, loads: row }));
      const old = { cluster, layers: placeLayers({ cluster, layers, ...rules }).layers };
      // One node stays; it must hold every expert, which memory can.
      const node = [0, 1, 2, 3, 4].find((n) => !failed.includes(n))!;
      const memory = layers.flatMap(({ layer, loads: row }) => row.map((_, expert) => ({ layer, expert, nodes: [node] })));
      const left = survivors({ ...old, spilled: memory }, failed, []);
      expect(left.lost).toEqual([]);

      const spill = spillExperts(layers, 3);
      const placed = placeLayers({ cluster: left.cluster, layers: spill.layers, ...rules }).layers;
      const plan = withSpilledExperts(spill, placed, layers);
      const result = reconfigure({
        survivors: left,
        plan,
        mapping: "optimal",
        keepDomains: false,
        ...(exchange ? { exchange } : {}),
      });
      spills += result.spilled.length;
      expect(result.transfers).toEqual([]);
      result.placement.layers.forEach((layer, l) => {
        const without = result.spilled.filter((it) => it.layer === layer.layer);
        expect(without.map(({ nodes }) => nodes)).toEqual(without.map(() => [0]));
        const cold = layer.loads.filter((_, e) => layer.replicas[e] === 0).reduce((a, b) => a + b, 0);
        expect(cold).toBe(
          [...loads[l]!]
            .sort((a, b) => a - b)
            .slice(0, 3)
            .reduce((a, b) => a + b, 0),
        );
        expect(without.map(({ expert }) => expert)).toEqual([...layer.replicas.keys()].filter((e) => layer.replicas[e] === 0));
      });

      // A node joins: there is room for all six experts again, and host memory is what the spilled ones come from.
      const again = survivors({ ...result.placement, spilled: result.spilled }, [], [{ name: "new", slots: 3, gpus: 1 }]);
      expect(again.lost).toEqual([]);
      const back = reconfigure({
        survivors: again,
        plan: placeLayers({ cluster: again.cluster, layers, ...rules }).layers,
        mapping: "optimal",
        keepDomains: false,
      });
      expect(back.spilled).toEqual([]);
      for (const layer of back.placement.layers) expect(hostSets(layer).every((hosts) => hosts.length > 0)).toBe(true);
      for (const { from, to } of back.transfers) expect([from, to]).toEqual([0, 1]);
      expect(
        survivors({ ...result.placement, spilled: result.spilled }, [0], [{ name: "new", slots: 3, gpus: 1 }]).lost,
      ).toHaveLength(6 * layers.length);
    }),
  );
  expect(spills).toBeGreaterThan(0);
});

test("memory copies are spread evenly over the nodes that hold them", () => {
  const cluster = uniformCluster(3, 4);
  const layers = [{ layer: 0, loads: [1, 1, 1, 1] }];
  const full = [0, 1, 2, 3];
  const left = survivors({ cluster, layers: [{ ...layers[0]!, replicas: [3, 3, 3, 3], nodes: [full, full, full] }] }, []);
  const none = [{ ...layers[0]!, replicas: [3, 0, 0, 0], nodes: [[0, -1, -1, -1], [0, -1, -1, -1], [0, -1, -1, -1]] }]; // biome-ignore format: rows
  const spilled = (memoryCopies: number) =>
    reconfigure({ survivors: left, plan: none, mapping: "optimal", keepDomains: false, memoryCopies }).spilled.map(
      ({ nodes }) => nodes,
    );
  expect(spilled(2)).toEqual([[0, 1], [0, 2], [1, 2]]); // biome-ignore format: rows
  expect(spilled(1)).toEqual([[0], [1], [2]]);
});

test("on a cluster that holds nothing yet, the coldest wait on as many nodes as experts have replicas, where there are so many", () => {
  const layers = [{ layer: 0, loads: [9, 8, 7, 6, 1, 2, 3, 5] }];
  for (const nodes of [1, 3]) {
    const { spilled } = placeAfresh(uniformCluster(nodes, 2), layers, { ...quickPolicy, minReplicas: 2 });
    const waiting = nodes === 1 ? [2, 3, 4, 5, 6, 7] : [4, 5];
    expect(spilled!.map(({ expert }) => expert)).toEqual(waiting);
    for (const { nodes: keepers } of spilled!) expect(keepers).toHaveLength(Math.min(2, nodes));
  }
});
