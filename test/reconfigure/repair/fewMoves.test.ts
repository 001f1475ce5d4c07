/** Repairs with few moves: against all there are, on clusters small enough to try every one; and after a single GPU. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { uniformCluster, withLiveGpus } from "../../../src/core/layout/cluster.ts";
import { countReplicas, type LayerPlacement, type Placement } from "../../../src/core/layout/placement.ts";
import { makePlacement } from "../../../src/core/placement/makePlacement.ts";
import { changeGpus } from "../../../src/core/reconfigure/changeGpus.ts";
import { wayFigures } from "../../../src/core/reconfigure/chooseWay.ts";
import { planRecovery } from "../../../src/core/reconfigure/planRecovery.ts";
import { survivors } from "../../../src/core/reconfigure/survivors.ts";
import { quickPolicy } from "../../support/policy.ts";
import { goesOn, speed } from "../../support/repairs.ts";

const policy = { ...quickPolicy, minReplicas: 1 };
const survivalOf = (placement: Placement) => wayFigures(placement, 0, 0, policy).survival;

/** One layer of four nodes with two or three slots, of which one fails and leaves every expert a copy. */
const crippled = fc
  .record({
    slots: fc.integer({ min: 2, max: 3 }),
    experts: fc.integer({ min: 2, max: 4 }),
    draws: fc.array(fc.nat(99), { minLength: 12, maxLength: 12 }),
    loads: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 4, maxLength: 4 }),
  })
  .map(({ slots, experts, draws, loads }): Placement => {
    const nodes = Array.from({ length: 4 }, (_, n) => draws.slice(n * slots, (n + 1) * slots).map((draw) => draw % experts));
    const layer = { layer: 0, loads: loads.slice(0, experts), nodes, replicas: countReplicas(experts, nodes) };
    return { cluster: uniformCluster(4, slots), layers: [layer] };
  })
  .filter((old) => old.layers[0]!.nodes.every((row) => new Set(row).size === row.length))
  .filter((old) => survivors(old, [0]).lost.length === 0);

/** What one transfer makes of a layer: an expert that some node holds in a slot of one that does not, where that is not the last of another. */
function* afterOne(layer: LayerPlacement): Generator<LayerPlacement> {
  for (const [n, row] of layer.nodes.entries()) {
    for (const [slot, victim] of row.entries()) {
      for (const expert of layer.loads.keys()) {
        if (row.includes(expert) || layer.replicas[victim] === 1) continue;
        const nodes = layer.nodes.map((held, m) => (m === n ? held.with(slot, expert) : held));
        yield { ...layer, nodes, replicas: countReplicas(layer.loads.length, nodes) };
      }
    }
  }
}

test("hardly ever do one or two other moves survive more than the repair with as many", () => {
  let [gains, short] = [0, 0];
  fc.assert(
    fc.property(crippled, (old) => {
      const { cluster, layers } = survivors(old, [0]);
      const survives = (layer: LayerPlacement) => survivalOf({ cluster, layers: [layer] });
      const none = survives(layers[0]!);
      const singles = [...afterOne(layers[0]!)];
      const one = Math.max(none, ...singles.map(survives));
      const two = Math.max(one, ...singles.flatMap((layer) => [...afterOne(layer)].map(survives)));
      for (const [maxMoves, best] of [
        [1, one],
        [2, two],
      ] as const) {
        // biome-ignore format: pairs
        const { placement } = goesOn(planRecovery({ old, madeBy: "resilient", failed: [0], policy, speed, maxMoves }));
        const got = survivalOf({ cluster, layers: placement.layers });
        if (best > none + 1e-9) gains++;
        expect(got).toBeGreaterThan(none - 1e-9);
        if (got < best - 1e-9) short++;
      }
    }),
    { numRuns: 15, seed: 7 },
  );
  expect(gains).toBeGreaterThan(10);
  // Where all moves help only together with another, the search may see none of them.
  expect(short).toBeLessThanOrEqual(2);
});

test("what a dead GPU leaves behind is no measure of evenness under even shares", () => {
  const loads = Array.from({ length: 24 }, (_, e) => Math.round(4000 / (e + 3)));
  const even = { ...policy, shares: "even" as const, minReplicas: 2 };
  const old = makePlacement(uniformCluster(4, 16, 4), [{ layer: 0, loads }], even);
  const failedGpus = [{ node: 1, gpu: 2 }];
  const { ways } = goesOn(
    planRecovery({ old, madeBy: "resilient", failed: [], failedGpus, policy: even, speed, prefer: "repair" }),
  );
  const left = changeGpus(old, failedGpus);
  expect(wayFigures({ ...left, cluster: withLiveGpus(left.cluster) }, 0, 0, even).balance).toBeGreaterThan(1.3);
  expect(ways.repair!.balance).toBeLessThan(1.05);
  expect(ways.repair!.moves).toBeLessThanOrEqual(3 * 4);
});
