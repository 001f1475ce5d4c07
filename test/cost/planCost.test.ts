import fc from "fast-check";
import { expect, test } from "vitest";
import { planCost } from "../../src/core/cost/planCost.ts";
import { type ClusterNode, totalGpus } from "../../src/core/layout/cluster.ts";
import { countReplicas, FREE_SLOT, type LayerPlacement, replicasByRank } from "../../src/core/layout/placement.ts";
import { optimum, sum } from "../support/solver.ts";

/** Clusters of unlike nodes with any experts in their slots, each expert somewhere. */
const plansWith = (fewestSlots: number, mostGpus: number, leastLoad: number) =>
  fc
    .record({
      nodes: fc.array(
        fc.record({ slots: fc.integer({ min: fewestSlots, max: 4 }), gpus: fc.integer({ min: 1, max: mostGpus }) }),
        {
          minLength: 2,
          maxLength: 4,
        },
      ),
      layers: fc.integer({ min: 1, max: 2 }),
      draws: fc.array(fc.nat(1000), { minLength: 40, maxLength: 40 }),
      loads: fc.array(fc.integer({ min: leastLoad, max: 20 }), { minLength: 8, maxLength: 8 }),
    })
    .map(({ nodes, layers, draws, loads }) => {
      const cluster: ClusterNode[] = nodes.map(({ slots, gpus }, n) => ({
        name: `node${n}`,
        slots: Math.max(slots, gpus),
        gpus,
      }));
      const total = cluster.reduce((count, { slots }) => count + slots, 0);
      const experts = Math.min(4, total);
      const placed = Array.from({ length: layers }, (_, l): LayerPlacement => {
        let slot = 0;
        const held = cluster.map(({ slots }) =>
          Array.from({ length: slots }, () => {
            const draw = draws[(slot + 17 * l) % draws.length]!;
            return slot++ < experts ? slot - 1 : draw % 5 === 0 ? FREE_SLOT : draw % experts;
          }),
        );
        return {
          layer: l,
          loads: loads.slice(4 * l, 4 * l + experts),
          nodes: held,
          replicas: countReplicas(experts, held),
        };
      });
      return { cluster, layers: placed };
    });
const plans = plansWith(1, 2, 1);
/** Plans most of which let all ranks compute the mean. */
const evenPlans = plansWith(3, 1, 15);

test("a layer without tokens computes the mean and sends nothing", () => {
  const cluster: ClusterNode[] = [0, 1].map((n) => ({ name: `node${n}`, slots: 1, gpus: 1 }));
  const layer = { layer: 0, loads: [0, 0], nodes: [[0], [1]], replicas: [1, 1] };
  for (const shares of ["even", "free"] as const) {
    expect(planCost({ cluster, layers: [layer, layer] }, shares)).toEqual({ compute: 2, traffic: 0, sync: 0 });
  }
});

test("synchronisation is that of the busiest node, expert by expert", () => {
  fc.assert(
    fc.property(plans, (plan) => {
      const ofNode = plan.cluster.map((_, node) => {
        let seconds = 0;
        for (const layer of plan.layers) {
          for (const expert of new Set(layer.nodes[node]!.filter((held) => held !== FREE_SLOT))) {
            const hosts = layer.nodes.filter((held) => held.includes(expert)).length;
            seconds += (hosts - 1) / hosts;
          }
        }
        return seconds;
      });
      for (const shares of ["even", "free"] as const) expect(planCost(plan, shares).sync).toBeCloseTo(Math.max(...ofNode), 9);
    }),
  );
});

test("even shares: every replica computes as much, and a rank's own tokens stay as far as its share goes", () => {
  fc.assert(
    fc.property(plans, ({ cluster, layers }) => {
      let [compute, traffic] = [0, 0];
      for (const layer of layers) {
        const ranks = totalGpus(cluster);
        const mean = layer.loads.reduce((total, load) => total + load, 0) / ranks;
        const replicas = replicasByRank(cluster, layer);
        const takes = Array.from({ length: ranks }, (_, rank) =>
          layer.loads.map((load, e) => (load * (replicas[e]!.find(([j]) => j === rank)?.[1] ?? 0)) / layer.replicas[e]!),
        );
        const total = (tokens: readonly number[]) => tokens.reduce((all, count) => all + count, 0);
        const stays = takes.map((row) => total(row.map((tokens, e) => Math.min(tokens, layer.loads[e]! / ranks))));
        compute += Math.max(...takes.map(total)) / mean;
        traffic += Math.max(...takes.map((row, rank) => Math.max(mean, total(row)) - stays[rank]!)) / mean;
      }
      const cost = planCost({ cluster, layers }, "even");
      expect(cost.compute).toBeCloseTo(compute, 9);
      expect(cost.traffic).toBeCloseTo(traffic, 9);
    }),
  );
});

test("free shares: the busiest rank and the traffic are those of the linear program", () => {
  fc.assert(
    fc.property(fc.oneof(plans, evenPlans), ({ cluster, layers }) => {
      const plan = { cluster, layers: layers.slice(0, 1) };
      const [least, most, busiest] = optimalCosts(plan);
      const cost = planCost(plan, "free");
      expect(cost.compute).toBeCloseTo(busiest, 5);
      expect(cost.traffic).toBeGreaterThan(least - 1e-5);
      expect(cost.traffic).toBeLessThan(most + 1e-5);
    }),
    { numRuns: 40 },
  );
});

/**
 * Over tokens x[expert][source][target]: the least load of the busiest rank; with it, the fewest tokens that leave their rank;
 * and between which limits the most tokens that a rank sends or takes in may then lie. All in rank means.
 */
function optimalCosts({ cluster, layers }: { cluster: ClusterNode[]; layers: LayerPlacement[] }): [number, number, number] {
  const layer = layers[0]!;
  const ranks = totalGpus(cluster);
  const mean = layer.loads.reduce((total, load) => total + load, 0) / ranks;
  const rows: string[] = [];
  const into: string[][] = Array.from({ length: ranks }, () => []);
  const sent: string[][] = Array.from({ length: ranks }, () => []);
  const taken: string[][] = Array.from({ length: ranks }, () => []);
  replicasByRank(cluster, layer).forEach((list, e) => {
    for (let source = 0; source < ranks; source++) {
      const names = list.map(([target]) => {
        const name = `x${e}_${source}_${target}`;
        into[target]!.push(name);
        if (source !== target) {
          sent[source]!.push(name);
          taken[target]!.push(name);
        }
        return name;
      });
      rows.push(`${sum(names)} = ${layer.loads[e]! / ranks}`);
    }
  });
  const solve = (goal: string, more: readonly string[]) =>
    optimum(`${goal}\nSubject To\n${[...rows, ...more].map((row, i) => `r${i}: ${row}`).join("\n")}\nEnd`)!;
  const busiest = solve(
    "Minimize\nobj: T",
    into.filter((names) => names.length > 0).map((names) => `${sum(names)} - T <= 0`),
  );
  const limits = into.filter((names) => names.length > 0).map((names) => `${sum(names)} <= ${busiest * (1 + 1e-9)}`);
  const leaving = sum(sent.flat());
  const fewest = solve(`Minimize\nobj: ${leaving}`, limits);
  const face = [...limits, `${leaving} <= ${fewest * (1 + 1e-9) + 1e-9}`];
  const flows = [...sent, ...taken].filter((names) => names.length > 0);
  const least = solve("Minimize\nobj: T", [...face, ...flows.map((names) => `${sum(names)} - T <= 0`)]);
  const most = Math.max(...flows.map((names) => solve(`Maximize\nobj: ${sum(names)}`, face)));
  return [least / mean, most / mean, busiest / mean];
}
