import fc from "fast-check";
import { expect, test } from "vitest";
import { evenLayerCosting } from "../../src/core/cost/evenPlanCost.ts";
import { allRemoteLayerCosting, freeLayerCosting } from "../../src/core/cost/freePlanCost.ts";
import { uniformCluster } from "../../src/core/layout/cluster.ts";
import { placeLayers } from "../../src/core/placement/placeLayers.ts";

test.each([
  ["even", evenLayerCosting],
  ["free", freeLayerCosting],
  ["all remote", allRemoteLayerCosting],
] as const)("%s shares: what a layer costs does not depend on the loads that were costed before", (_, costing) => {
  const loads = fc.array(fc.integer({ min: 90, max: 110 }), { minLength: 6, maxLength: 6 });
  fc.assert(
    fc.property(fc.array(loads, { minLength: 2, maxLength: 4 }), fc.integer({ min: 4, max: 6 }), (series, nodes) => {
      const cluster = uniformCluster(nodes, 4);
      const [layer] = placeLayers({
        cluster,
        layers: [{ layer: 0, loads: series[0]! }],
        minReplicas: 2,
        allocation: "lazarus",
        placement: "mro",
      }).layers;
      const again = costing(cluster, layer!);
      for (const own of series) expect(again(own)).toEqual(costing(cluster, layer!)(own));
    }),
  );
});
