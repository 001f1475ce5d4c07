/** Placement `resilient` with plans to start from: they count as candidates, in the order in which the caller lists experts. */
import { expect, test } from "vitest";
import { uniformCluster } from "../../src/core/layout/cluster.ts";
import { countReplicas, hostSets, type LayerPlacement } from "../../src/core/layout/placement.ts";
import { resilientPlacement } from "../../src/core/placement/resilient/resilientPlacement.ts";

test("a plan given that nothing found comes up to is taken as it is", () => {
  // Four racks that fail as one; a search that is stopped at once does not find that every expert can be in all of them.
  const cluster = uniformCluster(8, 2).map((node, n) => ({ ...node, domain: `rack${n % 4}` }));
  const loads = [1, 4, 2, 3];
  const planOf = (nodes: number[][]): LayerPlacement => ({ layer: 0, loads, replicas: countReplicas(4, nodes), nodes });
  const best = planOf(cluster.map((_, n) => (n < 4 ? [3, 1] : [0, 2])));
  const place = (startFrom: LayerPlacement[][]) =>
    resilientPlacement(
      { cluster, layers: [{ layer: 0, loads }], minReplicas: 2 },
      { failureModel: { unit: "domain", probability: 0.1 }, balanceSlack: 9, shouldStop: () => true, startFrom },
    );
  const all = 1 - 0.1 ** 4;
  expect(place([]).survival).toBeLessThan(all - 1e-6);
  const placed = place([[best]]);
  expect(placed.survival).toBeCloseTo(all, 12);
  expect(placed.layers[0]!.loads).toEqual(loads);
  expect(hostSets(placed.layers[0]!)).toEqual(hostSets(best));
});
