import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { leastMaximumLoad } from "../../src/core/dispatch/leastMaximumLoad.ts";
import { totalGpus, uniformCluster } from "../../src/core/layout/cluster.ts";
import {
  countReplicas,
  FREE_SLOT,
  hostSets,
  type LayerPlacement,
  type Placement,
  replicasByRank,
} from "../../src/core/layout/placement.ts";
import { placeLayers } from "../../src/core/placement/placeLayers.ts";
import { exchangeExperts } from "../../src/core/reconfigure/exchangeExperts.ts";
import { limitMoves } from "../../src/core/reconfigure/limitMoves.ts";
import { reconfigure } from "../../src/core/reconfigure/reconfigure.ts";
import { survivors } from "../../src/core/reconfigure/survivors.ts";
import { recoveryProbabilities } from "../../src/core/recovery/recoveryProbabilities.ts";
import { holdings, recoverable } from "../support/reconfiguration.ts";

/** Tokens of the busiest rank. */
function busiest(cluster: Placement["cluster"], layer: LayerPlacement, shares: "even" | "free"): number {
  const ranks = totalGpus(cluster);
  const byRank = replicasByRank(cluster, layer);
  if (shares === "free")
    return leastMaximumLoad(
      layer.loads,
      byRank.map((list) => list.map(([rank]) => rank)),
      ranks,
    );
  const load = new Array<number>(ranks).fill(0);
  byRank.forEach((list, e) => {
    const copies = list.reduce((sum, [, count]) => sum + count, 0);
    for (const [rank, count] of list) load[rank]! += (layer.loads[e]! * count) / copies;
  });
  return Math.max(...load);
}

describe.each(["even", "free"] as const)("exchange, %s shares", (exchange) => {
  test("moves no more, survives the same failures and has no busier rank", () => {
    let saved = 0;
    fc.assert(
      fc.property(recoverable, ({ left, plan }) => {
        const { cluster } = left;
        const plain = reconfigure({ survivors: left, plan, mapping: "optimal", keepDomains: false });
        const nearer = reconfigure({ survivors: left, plan, mapping: "optimal", keepDomains: false, exchange });
        expect(nearer.transfers.length).toBeLessThanOrEqual(plain.transfers.length);
        saved += plain.transfers.length - nearer.transfers.length;
        const recovery = (layers: Placement["layers"]) =>
          recoveryProbabilities(layers.flatMap(hostSets), cluster.length, { seed: 0 }).failures.map(
            ({ probability }) => probability,
          );
        expect(recovery(nearer.placement.layers)).toEqual(recovery(plan));
        nearer.placement.layers.forEach((layer, l) => {
          expect(busiest(cluster, layer, exchange)).toBeLessThanOrEqual(busiest(cluster, plan[l]!, exchange) * (1 + 1e-9));
          expect(layer.replicas).toEqual(countReplicas(layer.loads.length, layer.nodes));
        });
      }),
    );
    expect(saved).toBeGreaterThan(0);
  });
});

test("experts change places only when the outcome is acceptable", () => {
  const layer: LayerPlacement = { layer: 0, loads: [4, 4], replicas: [1, 1], nodes: [[0], [1]] };
  const held = [[1], [0]];
  expect(exchangeExperts(layer, held, () => true).nodes).toEqual([[1], [0]]);
  expect(exchangeExperts(layer, held, () => false)).toBe(layer);
});

describe("maxMoves", () => {
  test("caps the moves; experts keep a host, slots hold what they can, and enough moves give the plan itself", () => {
    fc.assert(
      fc.property(recoverable, fc.nat(12), ({ left, plan }, maxMoves) => {
        const whole = reconfigure({ survivors: left, plan, mapping: "optimal", keepDomains: false });
        const part = reconfigure({ survivors: left, plan, mapping: "optimal", keepDomains: false, maxMoves });
        if (whole.transfers.length <= maxMoves) {
          expect(part).toEqual(whole);
          return;
        }
        expect(part.transfers.length).toBeLessThanOrEqual(maxMoves);
        const before = holdings(left);
        const wanted = holdings(whole.placement);
        for (const { layer, expert, to } of part.transfers) expect(wanted[to]).toContain(`${layer} ${expert}`);
        holdings(part.placement).forEach((set, n) => {
          for (const held of set) expect(before[n]!.has(held) || wanted[n]!.has(held)).toBe(true);
        });
        part.placement.layers.forEach((layer) => {
          expect(layer.replicas).toEqual(countReplicas(layer.loads.length, layer.nodes));
          expect(Math.min(...layer.replicas)).toBeGreaterThanOrEqual(1);
          layer.nodes.forEach((slots, n) => {
            expect(slots).toHaveLength(left.cluster[n]!.slots);
          });
        });
      }),
    );
  });

  test("no move at all keeps every expert that survived", () => {
    fc.assert(
      fc.property(recoverable, ({ left, plan }) => {
        const { transfers, placement } = reconfigure({
          survivors: left,
          plan,
          mapping: "optimal",
          keepDomains: false,
          maxMoves: 0,
        });
        expect(transfers).toEqual([]);
        placement.layers.forEach((layer) => {
          expect(hostSets(layer).every((hosts) => hosts.length > 0)).toBe(true);
        });
      }),
    );
    const cluster = uniformCluster(3, 2);
    const { layers } = placeLayers({
      cluster,
      layers: [{ layer: 0, loads: [3, 1] }],
      minReplicas: 2,
      allocation: "lazarus",
      placement: "mro",
    });
    const left = survivors({ cluster, layers }, [0]);
    expect(() =>
      reconfigure({ survivors: left, plan: left.layers, mapping: "optimal", keepDomains: false, maxMoves: -1 }),
    ).toThrow(RangeError);
  });

  test("the expert with the fewest hosts comes first, and copies make way", () => {
    const of = (nodes: number[][]): LayerPlacement => ({ layer: 0, loads: [1, 50, 9], replicas: countReplicas(3, nodes), nodes });
    const held = of([
      [0, 1],
      [1, 2],
      [2, 1],
    ]);
    const plan = of([
      [1, 2],
      [0, 1],
      [2, 0],
    ]);
    // Expert 0 lives on one node only. It arrives on node 1, where expert 2 leaves; nothing else may move.
    expect(limitMoves([held], [plan], 1)[0]!.nodes).toEqual([
      [1, 0],
      [0, 1],
      [2, 1],
    ]);
    const doubled = of([
      [1, 1],
      [2, 2],
      [0, FREE_SLOT],
    ]);
    expect(limitMoves([held], [doubled], 0)[0]!.nodes[0]).toEqual([1, 0]);
  });
});
