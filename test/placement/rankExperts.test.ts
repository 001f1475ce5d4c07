import fc from "fast-check";
import { expect, test } from "vitest";
import { uniformCluster } from "../../src/core/layout/cluster.ts";
import { countReplicas, FREE_SLOT } from "../../src/core/layout/placement.ts";
import { rankExperts } from "../../src/core/placement/resilient/rankExperts.ts";

const EXPERTS = 5;
const cluster = uniformCluster(3, 4);
const layersArbitrary = fc
  .array(fc.array(fc.nat(6), { minLength: EXPERTS, maxLength: EXPERTS }), { minLength: 1, maxLength: 4 })
  .map((layers) => layers.map((loads, l) => ({ layer: 10 + l, loads })));
/** Experts in the slots of three nodes, by layer. */
const slotsArbitrary = fc.array(
  fc.array(fc.array(fc.integer({ min: FREE_SLOT, max: EXPERTS - 1 }), { minLength: 4, maxLength: 4 }), {
    minLength: 3,
    maxLength: 3,
  }),
  { minLength: 4, maxLength: 4 },
);

/** Layers of which some have fewer experts than others. */
const unequalLayers = fc.array(fc.array(fc.nat(3), { minLength: 2, maxLength: EXPERTS }), { minLength: 1, maxLength: 4 });

test("a problem's layers and experts come hottest first, whatever the order in which they are given", () => {
  fc.assert(
    fc.property(unequalLayers, fc.nat(3), fc.nat(EXPERTS - 1), (rows, turnLayers, turnExperts) => {
      const layers = rows.map((loads, l) => ({ layer: 10 + l, loads }));
      const ranked = rankExperts({ cluster, layers, minReplicas: 2 }).problem;
      expect(ranked.minReplicas).toBe(2);
      for (const { loads } of ranked.layers) expect(loads).toEqual(loads.toSorted((a, b) => b - a));
      const keys = ranked.layers.map(({ loads }) => loads.join());
      expect(keys).toEqual(keys.toSorted().reverse());
      const turned = <T>(items: readonly T[], by: number): T[] => [...items.slice(by), ...items.slice(0, by)];
      const other = turned(layers, turnLayers % layers.length).map(({ layer, loads }) => ({
        layer,
        loads: turned(loads, turnExperts),
      }));
      const again = rankExperts({ cluster, layers: other, minReplicas: 2 }).problem;
      expect(again.layers.map(({ loads }) => loads)).toEqual(ranked.layers.map(({ loads }) => loads));
    }),
  );
});

test("plans, host sets and figures come back in the order given: to the experts and layers that they are of", () => {
  fc.assert(
    fc.property(layersArbitrary, slotsArbitrary, (layers, slots) => {
      const { problem, ranked, unrankedLayers, unranked, inOrder } = rankExperts({ cluster, layers, minReplicas: 1 });
      const plan = layers.map((layer, l) => ({ ...layer, nodes: slots[l]!, replicas: countReplicas(EXPERTS, slots[l]!) }));
      const inRank = ranked(plan);
      inRank.forEach((layer, at) => {
        expect(layer.layer).toBe(problem.layers[at]!.layer);
        expect(layer.loads).toEqual(problem.layers[at]!.loads);
        expect(layer.replicas).toEqual(countReplicas(EXPERTS, layer.nodes));
        // The tokens in each slot are those that were there.
        const given = plan.find((own) => own.layer === layer.layer)!;
        const tokensIn = ({ nodes, loads }: typeof layer) => nodes.map((held) => held.map((expert) => loads[expert] ?? -1));
        expect(tokensIn(layer)).toEqual(tokensIn(given));
      });
      expect(unrankedLayers(inRank)).toEqual(plan);
      // Host sets and figures made out of the loads themselves tell whose they are.
      const hosts = unranked(problem.layers.map(({ layer, loads }) => loads.map((load) => [layer, load])));
      expect(hosts).toEqual(layers.map(({ layer, loads }) => loads.map((load) => [layer, load])));
      expect(inOrder(problem.layers.map(({ layer }) => layer))).toEqual(layers.map(({ layer }) => layer));
    }),
  );
});
