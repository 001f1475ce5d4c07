import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { planBalance } from "../../src/core/balance/planBalance.ts";
import { type ClusterNode, uniformCluster } from "../../src/core/layout/cluster.ts";
import { countReplicas, FREE_SLOT, fewestHosts, hostSets, type Placement } from "../../src/core/layout/placement.ts";
import type { Shares } from "../../src/core/placement/policy.ts";
import { LayerCopies } from "../../src/core/rebalance/layerCopies.ts";
import { BY_LOAD, type LayerCosts, layerCosts, layerTime } from "../../src/core/rebalance/layerTime.ts";
import { replay } from "../../src/core/rebalance/operations.ts";
import { REBALANCING_POLICIES, rebalance } from "../../src/core/rebalance/rebalance.ts";
import { recoveryProbabilities } from "../../src/core/recovery/recoveryProbabilities.ts";
import { survivalProbability } from "../../src/core/recovery/survivalProbability.ts";

const EXPERTS = 4;
const RANKS = 3;
const SYNC: LayerCosts = { perToken: 1, syncAcross: 9, syncWithin: 3 };

/** A layer of 4 experts in 2 or 3 slots on each of 3 ranks, every expert somewhere; ranks are nodes, or two of them one. */
const problem = fc
  .record({
    slots: fc.integer({ min: 2, max: 3 }),
    joined: fc.boolean(),
    old: fc.array(fc.integer({ min: 0, max: 100 }), { minLength: EXPERTS, maxLength: EXPERTS }),
    now: fc.array(fc.integer({ min: 0, max: 100 }), { minLength: EXPERTS, maxLength: EXPERTS }),
    others: fc.array(fc.integer({ min: FREE_SLOT, max: EXPERTS - 1 }), { minLength: 5, maxLength: 5 }),
    start: fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4 }),
  })
  .map(({ slots, joined, old, now, others, start }) => {
    const held = [...start, ...others].slice(0, RANKS * slots);
    const ranks = Array.from({ length: RANKS }, (_, rank) => held.filter((_, i) => i % RANKS === rank));
    const cluster: ClusterNode[] = joined
      ? [
          { name: "a", slots: 2 * slots, gpus: 2 },
          { name: "b", slots, gpus: 1 },
        ]
      : uniformCluster(RANKS, slots);
    const nodes = joined ? [[...ranks[0]!, ...ranks[1]!], ranks[2]!] : ranks;
    const layer = { layer: 5, loads: old, nodes, replicas: countReplicas(EXPERTS, nodes) };
    return { placement: { cluster, layers: [layer] } satisfies Placement, loads: [{ layer: 5, loads: now }] };
  });

const costs = fc.constantFrom(BY_LOAD, SYNC);
const policies = fc.constantFrom(...REBALANCING_POLICIES);

const sharings = fc.constantFrom<Shares>("even", "free");

function copiesIn(placement: Placement, loads: readonly number[], shares: Shares = "even"): LayerCopies {
  return new LayerCopies(placement.cluster, placement.layers[0]!, loads, shares);
}

/** Time of a layer from its slots, by the formula. */
function timeOf(
  { cluster, layers: [layer] }: Placement,
  loads: readonly number[],
  { perToken, syncAcross, syncWithin }: LayerCosts,
  shares: Shares = "even",
) {
  const ranks = cluster.flatMap(({ gpus, slots }, n) =>
    Array.from({ length: gpus }, (_, g) => ({ n, held: layer!.nodes[n]!.slice((g * slots) / gpus, ((g + 1) * slots) / gpus) })),
  );
  const tokensOf = ({ held }: (typeof ranks)[number]) =>
    held.reduce((sum, e) => sum + (e === FREE_SLOT ? 0 : loads[e]! / layer!.replicas[e]!), 0);
  const syncOf = ({ held }: (typeof ranks)[number]) =>
    [...new Set(held)].reduce((sum, e) => {
      if (e === FREE_SLOT) return sum;
      const holders = ranks.filter((rank) => rank.held.includes(e));
      const across = new Set(holders.map(({ n }) => n)).size > 1;
      return sum + ((across ? syncAcross : syncWithin) * (holders.length - 1)) / holders.length;
    }, 0);
  if (shares === "even") return Math.max(...ranks.map((rank) => perToken * tokensOf(rank) + syncOf(rank)));
  // Every set of ranks takes what no other rank holds.
  const sets = Array.from({ length: 2 ** ranks.length - 1 }, (_, i) => ranks.filter((_rank, r) => ((i + 1) >> r) & 1));
  const forced = sets.map((set) => {
    const outside = new Set(ranks.filter((rank) => !set.includes(rank)).flatMap(({ held }) => held));
    return loads.reduce((sum, load, e) => (outside.has(e) ? sum : sum + load), 0) / set.length;
  });
  return perToken * Math.max(...forced) + Math.max(...ranks.map(syncOf));
}

/** The plan with slots filled otherwise. */
function filled(placement: Placement, changes: readonly (readonly [slot: number, expert: number])[]): Placement {
  const [layer] = placement.layers;
  const flat = layer!.nodes.flat();
  for (const [slot, expert] of changes) flat[slot] = expert;
  const nodes = layer!.nodes.map((held) => flat.splice(0, held.length));
  return { ...placement, layers: [{ ...layer!, nodes, replicas: countReplicas(EXPERTS, nodes) }] };
}

/** Whether every expert has a copy and as many nodes as asked for, or as before. */
function keeps(before: Placement, after: Placement, minHosts: number): boolean {
  const [old, now] = [before, after].map(({ layers }) => hostSets(layers[0]!).map((hosts) => hosts.length));
  return now!.every((hosts, e) => hosts >= Math.min(old![e]!, Math.max(1, minHosts)));
}

describe("any policy", () => {
  test("operations replayed give the plan; times never rise; slots, nodes and budgets are kept; ratios chain", () => {
    fc.assert(
      fc.property(
        problem,
        costs,
        policies,
        fc.option(fc.nat(4)),
        fc.nat(2),
        sharings,
        (given, costs, policy, maxMoves, minHosts, wanted) => {
          const { placement, loads } = given;
          const shares = policy === "flexmoe" ? "even" : wanted;
          const options = { shares: wanted, policy, threshold: 1.05, costs, minHosts, ...(maxMoves !== null && { maxMoves }) };
          const done = rebalance(placement, loads, options);
          expect(replay(placement, done.operations).layers[0]!.nodes).toEqual(done.placement.layers[0]!.nodes);
          expect(done.placement.layers[0]!.nodes.map((held) => held.length)).toEqual(
            placement.layers[0]!.nodes.map((held) => held.length),
          );
          expect(timeOf(done.placement, loads[0]!.loads, costs, shares)).toBeLessThanOrEqual(
            timeOf(placement, loads[0]!.loads, costs, shares) * (1 + 1e-9),
          );
          expect(keeps(placement, done.placement, minHosts)).toBe(true);
          expect(done.moved).toBe(done.operations.reduce((sum, { fetched }) => sum + fetched, 0));
          expect(done.moved).toBeLessThanOrEqual(maxMoves ?? Number.POSITIVE_INFINITY);
          let { ratio } = copiesIn(placement, loads[0]!.loads, shares);
          for (const { before, after } of done.operations) {
            expect(before).toBeCloseTo(ratio, 9);
            ratio = after;
          }
          const { even, optimal } = planBalance(placement.cluster, done.placement.layers);
          expect(Math.max(1, ratio)).toBeCloseTo(shares === "even" ? even : optimal, 9);
          expect(fewestHosts(done.placement.layers[0]!)).toBeGreaterThanOrEqual(
            Math.min(minHosts, fewestHosts(placement.layers[0]!)),
          );
        },
      ),
      { numRuns: 300 },
    );
  });

  test("a copy costs what it fetches: nothing onto a rank that holds the expert", () => {
    fc.assert(
      fc.property(problem, policies, ({ placement, loads }, policy) => {
        const copies = copiesIn(placement, loads[0]!.loads);
        const { operations } = rebalance(placement, loads, { policy, threshold: 1, minHosts: 1 });
        const gone: Placement[] = [placement];
        for (const operation of operations) {
          const now = copiesIn(gone[0]!, loads[0]!.loads);
          if (operation.kind === "shrink") expect(operation.fetched).toBe(0);
          else if (operation.kind === "expand") {
            expect(operation.fetched).toBe(now.holds(operation.to, operation.expert) ? 0 : 1);
            expect(now.holds(operation.from, operation.expert)).toBe(true);
          } else {
            const back = operation.exchanged;
            const fetched = Number(!now.holds(operation.to, operation.expert));
            expect(operation.fetched).toBe(fetched + (back === undefined || now.holds(operation.from, back) ? 0 : 1));
          }
          gone[0] = replay(gone[0]!, [operation]);
        }
        expect(copies.layer).toBe(5);
      }),
    );
  });

  test("a layer that is even enough is left alone; so is one without a copy to spare, which is said", () => {
    const cluster = uniformCluster(2, 2);
    const nodes = [
      [0, 1],
      [2, 3],
    ];
    const placement = { cluster, layers: [{ layer: 0, loads: [1, 1, 1, 1], nodes, replicas: [1, 1, 1, 1] }] };
    for (const policy of REBALANCING_POLICIES) {
      const even = rebalance(placement, [{ layer: 0, loads: [3, 3, 3, 3] }], { policy, threshold: 1.2 });
      expect(even).toMatchObject({ operations: [], moved: 0, stuck: [] });
      const hot = rebalance(placement, [{ layer: 0, loads: [9, 0, 0, 0] }], { policy, threshold: 1.2 });
      expect(hot).toMatchObject({ operations: [], stuck: [0] });
    }
    expect(() => rebalance(placement, [], { policy: "flexmoe", threshold: 1.2 })).toThrow(/lack it/);
  });

  test("survival does not fall where it must not", () => {
    const survivalOf = (layers: readonly (readonly (readonly number[])[])[], nodes: number) => {
      const sets = layers.flatMap((held) => hostSets({ loads: new Array<number>(EXPERTS).fill(0), nodes: held }));
      return survivalProbability(recoveryProbabilities(sets, nodes), 0.2).probability;
    };
    let refused = 0;
    fc.assert(
      fc.property(problem, policies, ({ placement, loads }, policy) => {
        const held = (one: Placement) => one.layers.map(({ nodes }) => nodes);
        const count = placement.cluster.length;
        const least = survivalOf(held(placement), count) - 1e-12;
        const options = { policy, threshold: 1, minHosts: 1 };
        const survives = (layers: readonly (readonly (readonly number[])[])[]) => survivalOf(layers, count) >= least;
        const kept = rebalance(placement, loads, { ...options, survives });
        expect(survivalOf(held(kept.placement), count)).toBeGreaterThanOrEqual(least);
        if (survivalOf(held(rebalance(placement, loads, options).placement), count) < least) refused++;
      }),
    );
    expect(refused).toBeGreaterThan(0);
  });
});

/** All single steps by brute force: what each slot may be filled with, and what two slots may exchange. */
function singles(placement: Placement, minHosts: number) {
  const flat = placement.layers[0]!.nodes.flat();
  const rankOf = (slot: number) => Math.floor(slot / (flat.length / RANKS));
  const replaced = flat.flatMap((_, slot) =>
    [0, 1, 2, 3].filter((expert) => expert !== flat[slot]).map((expert) => [[slot, expert] as const]),
  );
  const exchanged = flat.flatMap((one, a) =>
    flat.flatMap((other, b) => (rankOf(a) < rankOf(b) && one !== other ? [[[a, other] as const, [b, one] as const]] : [])),
  );
  const fetched = (changes: readonly (readonly [number, number])[]) =>
    changes.filter(
      ([slot, expert]) => expert !== FREE_SLOT && !flat.some((held, s) => held === expert && rankOf(s) === rankOf(slot)),
    ).length;
  return [...replaced, ...exchanged]
    .map((changes) => ({ changes, plan: filled(placement, changes), fetched: fetched(changes) }))
    .filter(({ plan }) => keeps(placement, plan, minHosts));
}

test("fewest-moves stops only where no single step lowers the time, and its first is the best of all by its measure", () => {
  const level = (placement: Placement, loads: readonly number[], shares: Shares) => {
    if (shares === "free") return timeOf(placement, loads, BY_LOAD, shares);
    const { tokens } = copiesIn(placement, loads);
    return Array.from(tokens).reduce((sum, load) => sum + load ** 16, 0) ** (1 / 16);
  };
  const stepped = { even: 0, free: 0 };
  fc.assert(
    fc.property(problem, fc.integer({ min: 1, max: 2 }), sharings, ({ placement, loads: all }, minHosts, shares) => {
      const { loads, layer } = all[0]!;
      const policy = "fewest-moves" as const;
      const now = timeOf(placement, loads, BY_LOAD, shares);
      const gains = singles(placement, minHosts)
        .filter(({ plan }) => timeOf(plan, loads, BY_LOAD, shares) < now * (1 - 1e-9))
        .map(({ plan, fetched }) => (level(placement, loads, shares) - level(plan, loads, shares)) / Math.max(1, fetched));
      const best = Math.max(0, ...gains);
      const { operations } = rebalance(placement, [{ layer, loads }], { policy, threshold: 1, minHosts, shares });
      const length = operations[0]?.kind === "shrink" ? 2 : 1;
      const first = replay(placement, operations.slice(0, length));
      const fetched = operations.slice(0, length).reduce((sum, one) => sum + one.fetched, 0);
      if (gains.length === 0) expect(operations).toEqual([]);
      else if (best > 1e-6 * now) {
        stepped[shares]++;
        expect((level(placement, loads, shares) - level(first, loads, shares)) / Math.max(1, fetched)).toBeCloseTo(best, 6);
      }
    }),
    { numRuns: 300 },
  );
  expect(Math.min(stepped.even, stepped.free)).toBeGreaterThan(40);
});

test("flexmoe's expansion goes into the slot that lowers the time most, of the hottest expert and at the expense of the coldest", () => {
  let stepped = 0;
  fc.assert(
    fc.property(problem, costs, fc.integer({ min: 1, max: 2 }), ({ placement, loads: all }, costs, minHosts) => {
      const { loads, layer } = all[0]!;
      const { operations } = rebalance(placement, [{ layer, loads }], { policy: "flexmoe", threshold: 1, minHosts, costs });
      const [first, second] = operations;
      const expansion = first?.kind === "shrink" ? second : first;
      if (expansion?.kind !== "expand") return;
      stepped++;
      const flat = placement.layers[0]!.nodes.flat();
      const each = (e: number) => loads[e]! / placement.layers[0]!.replicas[e]!;
      expect(each(expansion.expert)).toBe(Math.max(...loads.map((_, e) => each(e))));
      const possible = flat
        .map((held, slot) => ({ held, plan: filled(placement, [[slot, expansion.expert]]) }))
        .filter(({ held, plan }) => held !== expansion.expert && keeps(placement, plan, minHosts));
      const spare = possible.filter(({ held }) => held !== FREE_SLOT).map(({ held }) => each(held));
      if (first?.kind === "shrink") expect(each(first.expert)).toBe(Math.min(...spare));
      const coldest = (held: number) => first?.kind === "shrink" && held === first.expert;
      const taken = possible.filter(({ held }) => held === FREE_SLOT || (first?.kind === "shrink" ? coldest(held) : false));
      const least = Math.min(...taken.map(({ plan }) => timeOf(plan, loads, costs)));
      const done = replay(placement, operations.slice(0, first?.kind === "shrink" ? 2 : 1));
      expect(timeOf(done, loads, costs)).toBeCloseTo(least, 6);
    }),
    { numRuns: 300 },
  );
  expect(stepped).toBeGreaterThan(50);
});

test("layer times are the formula's", () => {
  fc.assert(
    fc.property(problem, costs, sharings, ({ placement, loads: all }, costs, shares) => {
      const { loads } = all[0]!;
      expect(layerTime(copiesIn(placement, loads, shares), costs)).toBeCloseTo(timeOf(placement, loads, costs, shares), 9);
    }),
  );
});

test("on a job whose steps are timed, a rank of mean load that holds no shared expert takes computation and traffic of one mean", () => {
  const placement = {
    cluster: uniformCluster(2, 1),
    layers: [{ layer: 0, loads: [6, 6], nodes: [[0], [1]], replicas: [1, 1] }],
  };
  const step = { perCompute: 3, perTraffic: 4, perSync: 10 };
  const copies = copiesIn(placement, [6, 6]);
  expect(layerTime(copies, layerCosts(step, copies))).toBeCloseTo(7, 12);
  const shared = copiesIn({ ...placement, layers: [{ ...placement.layers[0]!, nodes: [[0], [0]] }] }, [6, 0]);
  expect(layerTime(shared, layerCosts(step, shared))).toBeCloseTo(7 + 10 / 2, 12);
  expect(layerCosts(step, copiesIn(placement, [0, 0])).perToken).toBe(0);
});

test("with the costs of a step, copies that cost more to synchronise than they level are not made", () => {
  const nodes = [
    [0, FREE_SLOT],
    [1, FREE_SLOT],
  ];
  const placement = { cluster: uniformCluster(2, 2), layers: [{ layer: 0, loads: [1, 1], nodes, replicas: [1, 1] }] };
  const loads = [{ layer: 0, loads: [3, 1] }];
  const done = (perSync: number, shares: Shares) =>
    rebalance(placement, loads, {
      policy: "fewest-moves",
      threshold: 1,
      minHosts: 1,
      shares,
      step: { perCompute: 1, perTraffic: 1, perSync },
    }).moved;
  for (const shares of ["even", "free"] as const) expect([done(0.1, shares), done(9, shares)]).toEqual([1, 0]);
});

test("synchronisation alone makes copies of an expert gather on a node", () => {
  const cluster = uniformCluster(2, 4, 2);
  const nodes = [
    [0, 1, 2, 3],
    [0, 1, 2, 3],
  ];
  const placement = { cluster, layers: [{ layer: 0, loads: [1, 1, 1, 1], nodes, replicas: [2, 2, 2, 2] }] };
  const costs = { perToken: 0.001, syncAcross: 10, syncWithin: 1 };
  const loads = [{ layer: 0, loads: [5, 4, 3, 4] }];
  const apart = rebalance(placement, loads, { policy: "flexmoe", threshold: 1, minHosts: 2, costs });
  expect(apart.operations).toEqual([]);
  const { operations, placement: gathered } = rebalance(placement, loads, {
    policy: "flexmoe",
    threshold: 1,
    minHosts: 1,
    costs,
  });
  expect(operations.some(({ kind }) => kind === "migrate")).toBe(true);
  expect(hostSets(gathered.layers[0]!).filter((hosts) => hosts.length === 1).length).toBeGreaterThan(0);
});
