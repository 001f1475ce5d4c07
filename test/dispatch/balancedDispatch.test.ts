import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { balancedDispatch } from "../../src/core/dispatch/balancedDispatch.ts";
import { fixedWeights } from "../../src/core/dispatch/fixedWeights.ts";
import type { LayerDispatch } from "../../src/core/dispatch/layerDispatch.ts";
import { lazarusDispatch } from "../../src/core/dispatch/lazarusDispatch.ts";
import { rankGroups } from "../../src/core/dispatch/rankGroups.ts";
import type { ReplicasByRank } from "../../src/core/dispatch/replicas.ts";
import type { Routing } from "../../src/core/dispatch/routing.ts";
import { summarizeDispatch } from "../../src/core/dispatch/summary.ts";
import { type ClusterNode, uniformCluster } from "../../src/core/layout/cluster.ts";
import { type LayerLoads, replicasByRank } from "../../src/core/layout/placement.ts";
import { makePlacement } from "../../src/core/placement/makePlacement.ts";
import { instances, routingOf, table } from "../support/dispatch.ts";
import { haveSharedData, sharedData, withoutSharedData } from "../support/lazarus.ts";
import { optimum, sum } from "../support/solver.ts";

/** Ranks of clusters with one to three levels: nodes of one or two GPUs, in two domains or none. */
function clusterOf(ranks: number, perNode: number, domains: boolean): ClusterNode[] {
  return uniformCluster(ranks / perNode, 1, perNode).map((node, n) => (domains ? { ...node, domain: `rack${n % 2}` } : node));
}

const settings = fc
  .record({ instance: instances, perNode: fc.constantFrom(1, 2, 3), domains: fc.boolean() })
  .filter(({ instance, perNode }) => instance.routing.ranks % perNode === 0)
  .map(({ instance, perNode, domains }) => ({
    ...instance,
    cluster: clusterOf(instance.routing.ranks, perNode, domains),
    levels: rankGroups(clusterOf(instance.routing.ranks, perNode, domains)),
  }));

/** Busiest rank's load, and how many tokens leave their group, level by level. */
function costs(cells: number[][][], levels: readonly Int32Array[]): { busiest: number; leaving: number[] } {
  const ranks = levels[0]!.length;
  const all = (counts: (source: number, target: number) => boolean) =>
    cells.reduce((total, rows) => {
      for (let i = 0; i < ranks; i++) for (let j = 0; j < ranks; j++) if (counts(i, j)) total += rows[i]![j]!;
      return total;
    }, 0);
  return {
    busiest: Math.max(...Array.from({ length: ranks }, (_, rank) => all((_, target) => target === rank))),
    leaving: levels.map((groups) => all((source, target) => groups[source] !== groups[target])),
  };
}

/** The solver's zero may be a little less than 0, and rounds to -0. */
function notNegative(whole: number): number {
  return whole > 0 ? whole : 0;
}

/**
 * The same figures at their optimum, one after the other, by linear programs over tokens[expert][source][target]; with a whole
 * limit on the loads these are transport problems, whose optimum is whole.
 */
function optimalCosts(routing: Routing, replicas: ReplicasByRank, levels: readonly Int32Array[], slack: number) {
  const { experts, ranks, tokens } = routing;
  const rows: string[] = [];
  const into: string[][] = Array.from({ length: ranks }, () => []);
  const leaving: string[][] = levels.map(() => []);
  for (let e = 0; e < experts; e++) {
    for (let i = 0; i < ranks; i++) {
      if (tokens[e * ranks + i] === 0) continue;
      const names = replicas[e]!.map(([j]) => {
        const name = `x${e}_${i}_${j}`;
        into[j]!.push(name);
        levels.forEach((groups, level) => {
          if (groups[i] !== groups[j]) leaving[level]!.push(name);
        });
        return name;
      });
      rows.push(`${sum(names)} = ${tokens[e * ranks + i]}`);
    }
  }
  const loads = into.filter((names) => names.length > 0).map(sum);
  const solve = (objective: string, more: string[]) =>
    optimum(`Minimize\n${objective}\nSubject To\n${[...rows, ...more, "nothing >= 0"].join("\n")}\nEnd`)!;
  const busiest = notNegative(
    Math.ceil(
      solve(
        "busiest",
        loads.map((load) => `${load} - busiest <= 0`),
      ) - 1e-6,
    ),
  );
  const limit = loads.map((load) => `${load} <= ${Math.floor(busiest * (1 + slack))}`);
  const kept: string[] = [];
  const least = leaving.map((names) => {
    const most = notNegative(Math.round(solve(sum(names), [...limit, ...kept])));
    kept.push(`${sum(names)} <= ${most}`);
    return most;
  });
  return { busiest, leaving: least };
}

describe("balancedDispatch", () => {
  test("busiest rank, then tokens that leave rank, node and domain, are least: HiGHS agrees", () => {
    fc.assert(
      fc.property(
        settings.filter(({ routing }) => Math.max(...routing.tokens) <= 100),
        fc.constantFrom(0, 0.1, 0.5),
        ({ routing, replicas, levels }, slack) => {
          const ours = costs(table(balancedDispatch(routing, replicas, levels, slack), routing.experts), levels);
          const best = optimalCosts(routing, replicas, levels, slack);
          if (slack === 0) expect(ours).toEqual(best);
          else {
            expect(ours.busiest).toBeLessThanOrEqual(Math.floor(best.busiest * (1 + slack)));
            expect(ours.leaving).toEqual(best.leaving);
          }
        },
      ),
      { numRuns: 30 },
    );
  });

  test("every source sends exactly its tokens, to ranks that hold the expert, in order", () => {
    fc.assert(
      fc.property(settings, ({ routing, replicas, levels }) => {
        const { experts, ranks } = routing;
        const dispatch = balancedDispatch(routing, replicas, levels);
        const cells = table(dispatch, experts);
        expect(cells.flatMap((rows) => rows.map((row) => row.reduce((a, b) => a + b, 0)))).toEqual(Array.from(routing.tokens));
        dispatch.expert.forEach((e, i) => {
          expect(replicas[e]!.map(([rank]) => rank)).toContain(dispatch.target[i]);
        });
        const keys = Array.from(dispatch.expert, (e, i) => (e * ranks + dispatch.source[i]!) * ranks + dispatch.target[i]!);
        expect(keys).toEqual([...keys].sort((a, b) => a - b));
      }),
    );
  });

  test("never busier than Algorithm 1, and no more traffic when allowed to be as busy", () => {
    fc.assert(
      fc.property(settings, ({ routing, replicas, levels }) => {
        const lazarus = costs(table(lazarusDispatch(routing, replicas), routing.experts), levels);
        const exact = costs(table(balancedDispatch(routing, replicas, levels), routing.experts), levels);
        expect(exact.busiest).toBeLessThanOrEqual(lazarus.busiest);
        const slack = exact.busiest === 0 ? 0 : (lazarus.busiest / exact.busiest - 1) * (1 + 1e-12);
        const eased = costs(table(balancedDispatch(routing, replicas, levels, slack), routing.experts), levels);
        expect(eased.leaving[0]).toBeLessThanOrEqual(lazarus.leaving[0]!);
      }),
      { numRuns: 100 },
    );
  });

  test("refuses what cannot be dispatched", () => {
    const levels = rankGroups(uniformCluster(2, 1));
    const routing = routingOf([[1, 1]]);
    expect(() => balancedDispatch(routing, [[]], levels)).toThrow(RangeError);
    expect(() => balancedDispatch(routing, [], levels)).toThrow(RangeError);
    expect(() => balancedDispatch(routing, [[[0, 1]]], levels, -0.1)).toThrow(RangeError);
    expect(() => balancedDispatch(routing, [[[0, 1]]], levels, Number.NaN)).toThrow(RangeError);
    expect(balancedDispatch(routingOf([[0, 0]]), [[]], levels).tokens).toHaveLength(0);
  });
});

test("fixed weights sum to 1 for each expert and make the busiest rank's load least", () => {
  fc.assert(
    fc.property(settings, ({ routing, replicas, levels }) => {
      const { experts, ranks } = routing;
      const weights = fixedWeights(routing, replicas, levels);
      const load = new Array<number>(ranks).fill(0);
      for (let e = 0; e < experts; e++) {
        const tokens = routing.tokens.subarray(e * ranks, (e + 1) * ranks).reduce((a, b) => a + b, 0);
        let whole = 0;
        replicas[e]!.forEach(([rank, copies], host) => {
          const share = weights[e]![host]! * copies;
          expect(share).toBeGreaterThanOrEqual(0);
          whole += share;
          load[rank]! += share * tokens;
        });
        expect(whole).toBeCloseTo(1, 12);
      }
      const { busiest } = costs(table(balancedDispatch(routing, replicas, levels), experts), levels);
      expect(Math.max(...load)).toBeLessThanOrEqual(busiest * (1 + 1e-9));
      expect(Math.max(...load)).toBeGreaterThan((busiest - 1) * (1 - 1e-9) - 1e-9);
    }),
  );
});

test("rankGroups names ranks, nodes and domains, and leaves out levels that tell nothing apart", () => {
  const list = (cluster: ClusterNode[]) => rankGroups(cluster).map((groups) => [...groups]);
  const cluster = uniformCluster(4, 2, 2);
  const domains = ["b", "a", "b", undefined].map((domain, n) => ({ ...cluster[n]!, ...(domain ? { domain } : {}) }));
  expect(list(domains)).toEqual([
    [0, 1, 2, 3, 4, 5, 6, 7],
    [0, 0, 1, 1, 2, 2, 3, 3],
    [0, 0, 1, 1, 0, 0, 2, 2],
  ]);
  expect(list(cluster)).toHaveLength(2);
  expect(list(uniformCluster(4, 2))).toHaveLength(1);
  expect(list(uniformCluster(1, 2, 4))).toHaveLength(1);
});

/** The top experts of every layer of the trace at one iteration, by source rank. */
function traceRouting(iteration: number, experts: number): (LayerLoads & { routing: Routing })[] {
  const rows = gunzipSync(readFileSync(`${sharedData}/smartmoe/rank_loads.csv.gz`))
    .toString()
    .split("\n")
    .filter((line) => line.startsWith(`${iteration},`))
    .map((line) => line.split(",").map(Number));
  return Array.from({ length: 12 }, (_, layer) => {
    const byRank = rows.filter((row) => row[1] === layer).map((row) => row.slice(3));
    const loads = byRank[0]!.map((_, e) => byRank.reduce((total, row) => total + row[e]!, 0));
    const top = [...loads.keys()].sort((a, b) => loads[b]! - loads[a]! || a - b).slice(0, experts);
    return { layer, loads: top.map((e) => loads[e]!), routing: routingOf(top.map((e) => byRank.map((row) => row[e]!))) };
  });
}

test("on the trace, 16 ranks: within 2 % of even on placement resilient, where Algorithm 1 on mro has 1.3 to 1.6", ({ skip }) => {
  skip(!haveSharedData, withoutSharedData);
  const layers = traceRouting(201, 16);
  const cluster = uniformCluster(16, 6);
  const levels = rankGroups(cluster);
  const maxOverMean = (
    placement: "mro" | "resilient",
    dispatch: (routing: Routing, replicas: ReplicasByRank) => LayerDispatch,
  ) => {
    const policy = {
      placement,
      allocation: "lazarus",
      minReplicas: 2,
      seed: 0,
      failureProbability: 1 / 16,
      effort: "fast",
    } as const;
    return makePlacement(cluster, layers, policy).layers.map(
      (layer, l) => summarizeDispatch(dispatch(layers[l]!.routing, replicasByRank(cluster, layer))).maxOverMean,
    );
  };
  const balanced = (routing: Routing, replicas: ReplicasByRank) => balancedDispatch(routing, replicas, levels);
  const paper = maxOverMean("mro", lazarusDispatch);
  expect(Math.max(...paper)).toBeCloseTo(1.3, 2);
  maxOverMean("mro", balanced).forEach((ratio, l) => {
    expect(ratio).toBeLessThan(paper[l]!);
  });
  expect(Math.max(...maxOverMean("resilient", balanced))).toBeLessThanOrEqual(1.02);
});
