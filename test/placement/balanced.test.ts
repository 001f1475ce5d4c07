import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FlowNetwork } from "../../src/core/algorithms/flow.ts";
import { type ClusterNode, totalGpus, totalSlots, uniformCluster } from "../../src/core/layout/cluster.ts";
import { countReplicas, hostSets, type LayerPlacement, replicasByRank } from "../../src/core/layout/placement.ts";
import { keptHosts } from "../../src/core/placement/balanced/keptHosts.ts";
import { type BalancedProblem, placeBalanced } from "../../src/core/placement/balanced/placeBalanced.ts";
import { ranksOf } from "../../src/core/placement/balanced/ranks.ts";
import { eplbPlacement } from "../../src/core/placement/eplb/eplbPlacement.ts";
import { nodesIn } from "../support/everyPlacement.ts";
import { haveSharedData, sharedData, withoutSharedData } from "../support/lazarus.ts";

/** Places one layer. */
function place(cluster: readonly ClusterNode[], loads: readonly number[], options: Partial<BalancedProblem> = {}) {
  const placed = placeBalanced({
    cluster,
    layers: [{ layer: 0, loads }],
    minReplicas: 1,
    shares: "free",
    effort: "fast",
    seed: 0,
    ...options,
  });
  return { placed, layer: placed.layers[0]!, ...placed.balance[0]!, kept: placed.minReplicas };
}

/** Load of the busiest GPU over the mean when every replica takes an equal share, from the slots of the document. */
function evenMaxOverMean(cluster: readonly ClusterNode[], layer: LayerPlacement): number {
  const loads = new Array<number>(totalGpus(cluster)).fill(0);
  replicasByRank(cluster, layer).forEach((copies, expert) => {
    for (const [rank, count] of copies) loads[rank]! += (count * layer.loads[expert]!) / layer.replicas[expert]!;
  });
  return (Math.max(...loads) * loads.length) / sumOf(layer.loads);
}

/** Least possible load of the busiest of a few GPUs over the mean, by trying every set of GPUs. */
function freeMaxOverMean(ranks: number, loads: readonly number[], hosts: readonly number[]): number {
  let most = 0;
  for (let set = 1; set < 1 << ranks; set++) {
    const captive = sumOf(loads.filter((_, expert) => (hosts[expert]! & ~set) === 0));
    most = Math.max(most, captive / nodesIn(set, ranks).length);
  }
  return (most * ranks) / sumOf(loads);
}

function rankMasks(cluster: readonly ClusterNode[], layer: LayerPlacement): number[] {
  return replicasByRank(cluster, layer).map((copies) => copies.reduce((mask, [rank]) => mask | (1 << rank), 0));
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

const clusters = fc
  .array(fc.record({ slots: fc.integer({ min: 1, max: 6 }), gpus: fc.integer({ min: 1, max: 2 }) }), {
    minLength: 1,
    maxLength: 4,
  })
  .map((nodes): ClusterNode[] => nodes.map((node, n) => ({ name: `node${n}`, ...node })));
const anyLoad = fc.oneof(fc.constant(0), fc.nat(9), fc.nat(1000), fc.nat(1e6));
const loadsFor = (slots: number) => fc.array(anyLoad, { minLength: 1, maxLength: slots });
const anyProblem = clusters.chain((cluster) =>
  fc.record({
    cluster: fc.constant(cluster),
    loads: loadsFor(totalSlots(cluster)),
    shares: fc.constantFrom("even" as const, "free" as const),
    minReplicas: fc.integer({ min: 1, max: 3 }),
    seed: fc.nat(100),
  }),
);

/** Experts on each GPU, from the slots of the document, shape [ranks][replicas]. */
function heldByRank(cluster: readonly ClusterNode[], layer: LayerPlacement): number[][] {
  const held: number[][] = Array.from({ length: totalGpus(cluster) }, () => []);
  replicasByRank(cluster, layer).forEach((copies, expert) => {
    for (const [rank, count] of copies) for (let copy = 0; copy < count; copy++) held[rank]!.push(expert);
  });
  return held;
}

test("every slot of use is used, no expert is twice on a GPU, every expert has its hosts, and the stated balance is the placement's", () => {
  fc.assert(
    fc.property(anyProblem, ({ cluster, loads, ...options }) => {
      const { layer, maxOverMean, lowerBound, kept, placed } = place(cluster, loads, options);
      expect(layer.nodes.map((slots) => slots.length)).toEqual(cluster.map((node) => node.slots));
      heldByRank(cluster, layer).forEach((held, rank) => {
        expect(held).toHaveLength(Math.min(ranksOf(cluster)[rank]!.slots, loads.length));
        expect(new Set(held).size).toBe(held.length);
      });
      expect(layer.replicas).toEqual(countReplicas(loads.length, layer.nodes));
      expect(kept).toBe(keptHosts(cluster, loads.length, options.minReplicas));
      for (const hosts of hostSets(layer)) expect(hosts.length).toBeGreaterThanOrEqual(kept);
      expect(maxOverMean).toBeGreaterThanOrEqual(lowerBound * (1 - 1e-9));
      if (sumOf(loads) > 0) {
        const reached =
          options.shares === "even"
            ? evenMaxOverMean(cluster, layer)
            : freeMaxOverMean(totalGpus(cluster), loads, rankMasks(cluster, layer));
        expect(maxOverMean).toBeCloseTo(reached, 9);
      }
      expect(place(cluster, loads, options).placed).toEqual(placed);
    }),
    { numRuns: 150 },
  );
});

test("hosts kept are the most that the nodes hold", () => {
  fc.assert(
    fc.property(clusters, fc.integer({ min: 1, max: 5 }), (cluster, experts) => {
      fc.pre(experts <= totalSlots(cluster));
      const fits = (hosts: number) => {
        const sink = 1 + experts + cluster.length;
        const network = new FlowNetwork(sink + 1);
        for (let expert = 0; expert < experts; expert++) {
          network.addEdge(0, 1 + expert, hosts);
          cluster.forEach((_, n) => {
            network.addEdge(1 + expert, 1 + experts + n, 1);
          });
        }
        cluster.forEach(({ slots }, n) => {
          network.addEdge(1 + experts + n, sink, slots);
        });
        return network.maxFlow(0, sink) === experts * hosts;
      };
      const kept = keptHosts(cluster, experts, 10);
      expect([fits(kept), fits(kept + 1)]).toEqual([true, false]);
    }),
  );
});

test("with free shares and experts + GPUs - 1 equal slots, balance is exactly 1", () => {
  const problem = fc
    .record({ ranks: fc.integer({ min: 1, max: 7 }), slotsPerRank: fc.integer({ min: 1, max: 4 }), gpus: fc.constantFrom(1, 2) })
    .chain(({ ranks, slotsPerRank, gpus }) =>
      fc.record({
        cluster: fc.constant(uniformCluster(ranks, slotsPerRank * gpus, gpus)),
        loads: fc.array(anyLoad, { minLength: 1, maxLength: Math.max(ranks * gpus * (slotsPerRank - 1) + 1, 1) }),
      }),
    );
  fc.assert(
    fc.property(problem, ({ cluster, loads }) => {
      fc.pre(sumOf(loads) > 0 && totalGpus(cluster) <= 10);
      const { layer, maxOverMean } = place(cluster, loads);
      expect(maxOverMean).toBe(1);
      expect(freeMaxOverMean(totalGpus(cluster), loads, rankMasks(cluster, layer))).toBeCloseTo(1, 9);
    }),
    { numRuns: 300 },
  );
});

test("with free shares, small clusters of equal nodes come out as well as the best of all placements", () => {
  const problem = fc
    .record({ ranks: fc.integer({ min: 2, max: 4 }), slots: fc.integer({ min: 1, max: 3 }) })
    .chain(({ ranks, slots }) =>
      fc.record({
        cluster: fc.constant(uniformCluster(ranks, slots)),
        minReplicas: fc.constantFrom(1, 2),
        loads: fc.array(fc.nat(30), { minLength: 1, maxLength: Math.min(ranks === 4 ? 3 : 4, ranks * slots) }),
      }),
    );
  // The search is heuristic: a fixed seed keeps a rare miss from failing the test at random.
  fc.assert(
    fc.property(problem, ({ cluster, minReplicas, loads }) => {
      fc.pre(sumOf(loads) > 0);
      const { maxOverMean, lowerBound, kept } = place(cluster, loads, { minReplicas, effort: "normal" });
      let best = Infinity;
      everyHostSets(loads.length, cluster, kept, (sets) => {
        best = Math.min(best, freeMaxOverMean(cluster.length, loads, sets));
      });
      expect(lowerBound).toBeLessThanOrEqual(best * (1 + 1e-9));
      expect(maxOverMean).toBeCloseTo(best, 9);
    }),
    { numRuns: 100, seed: 3 },
  );
});

/** Calls `visit` with every choice of hosts (bit n: node n) with at least `minHosts` hosts for each expert. */
function everyHostSets(
  experts: number,
  cluster: readonly ClusterNode[],
  minHosts: number,
  visit: (sets: readonly number[]) => void,
): void {
  const free = cluster.map((node) => node.slots);
  const choices = Array.from({ length: 2 ** cluster.length }, (_, set) => nodesIn(set, cluster.length));
  const sets: number[] = [];
  const assign = (): void => {
    if (sets.length === experts) {
      visit(sets);
      return;
    }
    choices.forEach((nodes, set) => {
      if (nodes.length < minHosts || !nodes.every((node) => free[node]! > 0)) return;
      for (const node of nodes) free[node]!--;
      sets.push(set);
      assign();
      sets.pop();
      for (const node of nodes) free[node]!++;
    });
  };
  assign();
}

test("with even split, small clusters come out as well as the best of all placements", () => {
  const problem = fc
    .record({ ranks: fc.integer({ min: 2, max: 3 }), slots: fc.integer({ min: 1, max: 3 }) })
    .chain(({ ranks, slots }) =>
      fc.record({
        cluster: fc.constant(uniformCluster(ranks, slots)),
        loads: fc.array(fc.nat(30), { minLength: 1, maxLength: Math.min(4, ranks * slots) }),
      }),
    );
  fc.assert(
    fc.property(problem, ({ cluster, loads }) => {
      const slots = totalSlots(cluster);
      fc.pre(sumOf(loads) > 0 && slots / cluster.length <= loads.length);
      const { maxOverMean, lowerBound } = place(cluster, loads, { shares: "even", effort: "normal" });
      const perNode = slots / cluster.length;
      const held = new Array<number>(slots).fill(0);
      let best = Infinity;
      const fill = (slot: number): void => {
        if (slot === slots) {
          const replicas = countReplicas(loads.length, [held]);
          if (replicas.includes(0)) return;
          const nodes = cluster.map((_, n) => held.slice(n * perNode, (n + 1) * perNode));
          best = Math.min(best, evenMaxOverMean(cluster, { layer: 0, loads, replicas, nodes }));
          return;
        }
        // Within a node the order of experts does not matter, and none is twice.
        for (held[slot] = slot % perNode === 0 ? 0 : held[slot - 1]! + 1; held[slot]! < loads.length; held[slot]!++)
          fill(slot + 1);
      };
      fill(0);
      expect(lowerBound).toBeLessThanOrEqual(best * (1 + 1e-9));
      expect(maxOverMean).toBeCloseTo(best, 9);
    }),
    { numRuns: 60, seed: 2 },
  );
});

test("with even split, never worse than EPLB where that puts no expert twice on a GPU; with free shares, never worse at all", () => {
  const problem = fc
    .record({ gpus: fc.integer({ min: 2, max: 8 }), slotsPerGpu: fc.integer({ min: 1, max: 5 }) })
    .chain(({ gpus, slotsPerGpu }) =>
      fc.record({
        cluster: fc.constant(uniformCluster(1, gpus * slotsPerGpu, gpus)),
        loads: fc.array(fc.nat(1e4), { minLength: 1, maxLength: gpus * slotsPerGpu }),
      }),
    );
  fc.assert(
    fc.property(problem, ({ cluster, loads }) => {
      fc.pre(sumOf(loads) > 0);
      const shape = { slots: totalSlots(cluster), groups: 1, nodes: 1, gpus: totalGpus(cluster) };
      const eplb = eplbPlacement([loads], shape);
      const layer = { layer: 0, loads, replicas: eplb.replicas[0]!, nodes: eplb.physicalToLogical };
      const free = place(cluster, loads).maxOverMean;
      expect(free).toBeLessThanOrEqual(freeMaxOverMean(totalGpus(cluster), loads, rankMasks(cluster, layer)) * (1 + 1e-9));
      const even = place(cluster, loads, { shares: "even" });
      const evenUnderFree = freeMaxOverMean(totalGpus(cluster), loads, rankMasks(cluster, even.layer));
      expect(free).toBeLessThanOrEqual(evenUnderFree * (1 + 1e-9));
      if (heldByRank(cluster, layer).some((held) => new Set(held).size < held.length)) return;
      expect(even.maxOverMean).toBeLessThanOrEqual(evenMaxOverMean(cluster, layer) * (1 + 1e-6));
    }),
    { numRuns: 100, seed: 1 },
  );
});

test("more effort is never worse", () => {
  fc.assert(
    fc.property(anyProblem, ({ cluster, loads, ...options }) => {
      const [fast, normal] = (["fast", "normal"] as const).map(
        (effort) => place(cluster, loads, { ...options, effort }).maxOverMean,
      );
      expect(normal).toBeLessThanOrEqual(fast! * (1 + 1e-12));
    }),
    { numRuns: 60 },
  );
});

test("GPUs without a slot and layers without tokens are placed all the same", () => {
  const starved: ClusterNode[] = [
    { name: "a", slots: 2, gpus: 4 },
    { name: "b", slots: 4, gpus: 2 },
  ];
  for (const shares of ["even", "free"] as const) {
    const { layer, maxOverMean, lowerBound } = place(starved, [5, 5, 5], { shares });
    expect(layer.nodes.map((slots) => slots.length)).toEqual([2, 4]);
    expect(lowerBound).toBeCloseTo(6 / ranksOf(starved).filter((rank) => rank.slots > 0).length, 9);
    expect(maxOverMean).toBeGreaterThanOrEqual(lowerBound * (1 - 1e-9));
    const idle = place(uniformCluster(3, 2), [0, 0, 0], { shares });
    expect(hostSets(idle.layer).every((hosts) => hosts.length > 0)).toBe(true);
    expect(idle.maxOverMean).toBe(1);
  }
  expect(() => place(uniformCluster(2, 2), [1, 1, 1, 1, 1])).toThrow("5 experts do not fit into 4 slots");
});

describe.skipIf(!haveSharedData)(`real and realistic loads${haveSharedData ? "" : ` (skipped: ${withoutSharedData})`}`, () => {
  const read = (name: string) => readFileSync(`${sharedData}/eplb/${name}`);
  const trace = () =>
    (JSON.parse(gunzipSync(read("b_smartmoe2001_global_r64_gpu16.json.gz")).toString()) as { input: { weight: number[][] } })
      .input.weight;
  const deepSeekShape = () =>
    read("dsv3_loads.csv")
      .toString()
      .trim()
      .split("\n")
      .slice(1)
      .map((line) => line.split(",").slice(1).map(Number));
  const balanceOf = (loads: readonly number[][], cluster: readonly ClusterNode[], options: Partial<BalancedProblem>) => {
    const layers = loads.map((layerLoads, layer) => ({ layer, loads: layerLoads }));
    const problem = { cluster, layers, minReplicas: 1, shares: "free", effort: "normal", seed: 0, ...options } as const;
    const reached = placeBalanced(problem).balance.map(({ maxOverMean }) => maxOverMean);
    return { mean: sumOf(reached) / reached.length, worst: Math.max(...reached) };
  };

  // The best public heuristic measured: 1.023 and 1.066, 1.0039 and 1.0076; EPLB: 1.111 and 1.332, 1.0746 and 1.298.
  test("even split of the trace on 16 GPUs", () => {
    const { mean, worst } = balanceOf(trace(), uniformCluster(16, 4), { shares: "even" });
    expect(mean).toBeLessThan(1.012);
    expect(worst).toBeLessThan(1.035);
  });

  test("even split in DeepSeek-V3's shape on 32 GPUs", () => {
    const { mean, worst } = balanceOf(deepSeekShape(), uniformCluster(4, 72, 8), { shares: "even" });
    expect(mean).toBeLessThan(1.0005);
    expect(worst).toBeLessThan(1.001);
  });

  test("free shares are exact where the slots allow it", () => {
    expect(balanceOf(trace(), uniformCluster(16, 4), {})).toEqual({ mean: 1, worst: 1 });
    expect(balanceOf(trace(), uniformCluster(2, 32, 8), {})).toEqual({ mean: 1, worst: 1 });
    expect(balanceOf(deepSeekShape(), uniformCluster(4, 72, 8), {})).toEqual({ mean: 1, worst: 1 });
    expect(balanceOf(deepSeekShape(), uniformCluster(32, 17), { minReplicas: 2 })).toEqual({ mean: 1, worst: 1 });
  });

  test("free shares come close where slots are fewer", () => {
    const { mean, worst } = balanceOf(trace(), uniformCluster(10, 4), {});
    expect(mean).toBeLessThan(1.001);
    expect(worst).toBeLessThan(1.01);
  });
});
