import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { leastMaximumLoad } from "../../src/core/dispatch/leastMaximumLoad.ts";
import { totalGpus } from "../../src/core/layout/cluster.ts";
import { countReplicas, hostSets, type LayerPlacement, type Placement, replicasByRank } from "../../src/core/layout/placement.ts";
import { exchangeExperts } from "../../src/core/reconfigure/exchangeExperts.ts";
import { reconfigure } from "../../src/core/reconfigure/reconfigure.ts";
import { recoveryProbabilities } from "../../src/core/recovery/recoveryProbabilities.ts";
import { recoverable } from "../support/reconfiguration.ts";

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
