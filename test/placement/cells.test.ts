/** Mixtures of cells, ranks and shares: against brute force and independent figures. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { evenRankBalance, freeRankBalance } from "../../src/core/balance/rankBalance.ts";
import { type ClusterNode, gpuOfSlot, totalSlots, uniformCluster } from "../../src/core/layout/cluster.ts";
import { FREE_SLOT, hostSets, type LayerPlacement } from "../../src/core/layout/placement.ts";
import { cellCapacity, cellKinds } from "../../src/core/placement/resilient/cells/cellKinds.ts";
import { leastSlots } from "../../src/core/placement/resilient/cells/leastSlots.ts";
import { findMixtures } from "../../src/core/placement/resilient/cells/mixtures.ts";
import { rankSlots } from "../../src/core/placement/resilient/ranks/rankSlots.ts";
import { resilientPlacement } from "../../src/core/placement/resilient/resilientPlacement.ts";
import { failureUnits, survivalUnder } from "../../src/core/recovery/failureUnits.ts";
import { few } from "../support/few.ts";

/** Ranks of the copies of each expert, shape [experts][copies]. */
function ranksOfCopies(cluster: readonly ClusterNode[], { loads, nodes }: LayerPlacement): number[][] {
  const copies: number[][] = loads.map(() => []);
  let first = 0;
  nodes.forEach((held, n) => {
    held.forEach((expert, slot) => {
      if (expert !== FREE_SLOT) copies[expert]!.push(first + gpuOfSlot(cluster[n]!, slot));
    });
    first += cluster[n]!.gpus;
  });
  return copies;
}

/** The most that any choice of host sets survives: every family of pairwise different sets that hold all experts, node by node. */
function mostSurvival(slots: readonly number[], experts: number, minHosts: number, p: number): number {
  const sets = Array.from({ length: 2 ** slots.length }, (_, mask) => mask).filter((mask) => sizeOf(mask) >= minHosts);
  const lost = (family: number) => {
    let sum = 0;
    for (let failed = 0; failed < 2 ** slots.length; failed++) {
      if (!sets.some((set, i) => (family >> i) & 1 && (set & failed) === set)) continue;
      sum += slots.reduce((product, _, node) => product * ((failed >> node) & 1 ? p : 1 - p), 1);
    }
    return sum;
  };
  const holds = (family: number) => {
    const chosen = sets.filter((_, i) => (family >> i) & 1);
    const fill = (from: number, left: number, room: readonly number[]): boolean => {
      if (left === 0) return true;
      if (from === chosen.length) return false;
      const most = Math.min(left, ...room.filter((_, node) => (chosen[from]! >> node) & 1));
      for (let count = most; count >= 0; count--) {
        const after = room.map((slot, node) => slot - ((chosen[from]! >> node) & 1 ? count : 0));
        if (fill(from + 1, left - count, after)) return true;
      }
      return false;
    };
    return fill(0, experts, slots);
  };
  let best = 1;
  for (let family = 1; family < 2 ** sets.length; family++) {
    const own = lost(family);
    if (own < best - 1e-12 && holds(family)) best = own;
  }
  return 1 - best;
}

function sizeOf(mask: number): number {
  return mask.toString(2).replaceAll("0", "").length;
}

test("a cell of several blocks holds what brute force deals to it", () => {
  const most = (slots: readonly number[]): number => {
    let found = 0;
    const deal = (block: number, spared: number[]): void => {
      if (block === slots.length) {
        const experts = spared.reduce((sum, count) => sum + count, 0);
        if (slots.every((slot, b) => experts - spared[b]! <= slot)) found = Math.max(found, experts);
        return;
      }
      for (let count = 0; count <= 8; count++) deal(block + 1, [...spared, count]);
    };
    deal(0, []);
    return found;
  };
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 3, maxLength: 4 }), (slots) => {
      expect(cellCapacity(slots)).toBe(most(slots));
    }),
    few(25),
  );
});

test("the slots that a limit asks of a mixture are those of its best assignment of experts to cells, by brute force", () => {
  const slots = rankSlots(uniformCluster(5, 4, 2));
  const mixture = {
    cells: [
      { blocks: [[0, 1]], capacity: 2 },
      { blocks: [[2], [3], [4]], capacity: 3 },
    ],
    capacity: 5,
    lost: 0,
  };
  const three = {
    cells: [
      { blocks: [[0, 1, 2]], capacity: 2 },
      { blocks: [[3, 4]], capacity: 3 },
    ],
    capacity: 5,
    lost: 0,
  };
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 5 }),
      fc.constantFrom(1, 1.1, 1.5, 2),
      fc.constantFrom(mixture, three),
      (unsorted, limit, given) => {
        const loads = unsorted.toSorted((a, b) => b - a);
        const perRank = (limit * loads.reduce((sum, load) => sum + load, 0)) / 10;
        const hosts = given === three ? [3, 3, 2, 2, 2] : [2, 2, 2, 2, 2];
        const best = (expert: number, seats: readonly number[]): number =>
          expert === loads.length
            ? 0
            : Math.min(
                ...seats.map(
                  (own, i) => Math.max(own, Math.ceil(loads[expert]! / perRank - 1e-9)) + best(expert + 1, seats.toSpliced(i, 1)),
                ),
              );
        expect(leastSlots(given, loads, slots, limit)).toBe(best(0, hosts));
      },
    ),
  );
});

test("mixtures: nodes are divided, losses are those of their host sets, more room survives less", () => {
  const p = 0.1;
  const slots = [5, 5, 5, 4, 4, 4, 3, 0];
  const found = findMixtures(slots, 9, cellKinds(p, 2, 7));
  expect(found.length).toBeGreaterThan(2);
  for (const [i, { cells, capacity, lost }] of found.entries()) {
    const nodes = cells.flatMap(({ blocks }) => blocks.flat());
    expect(nodes.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(capacity).toBe(cells.reduce((sum, cell) => sum + cell.capacity, 0));
    const sets = cells.flatMap(({ blocks }) =>
      blocks.length === 1 ? [blocks.flat()] : blocks.map((_, spared) => blocks.filter((__, b) => b !== spared).flat()),
    );
    const units = { unitOfNode: slots.map((_, node) => node), count: slots.length, probability: p };
    const survival = survivalUnder([sets.map((set) => set.toSorted((a, b) => a - b))], units, 0);
    expect(1 - survival).toBeCloseTo(lost, 12);
    if (i > 0) {
      expect(lost).toBeGreaterThan(found[i - 1]!.lost);
      expect(capacity).toBeGreaterThan(found[i - 1]!.capacity);
    }
  }
});

describe("placement resilient", () => {
  const loadsOf = (experts: number) => fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: experts, maxLength: experts });

  test("no rank holds an expert twice, every slot is used, the minimum is kept, balances are those of the slots", () => {
    fc.assert(
      fc.property(fc.constantFrom("even" as const, "free" as const), loadsOf(24), loadsOf(24), (shares, one, two) => {
        const cluster = uniformCluster(14, 8, 4);
        const layers = [one, two].map((loads, layer) => ({ layer, loads }));
        const made = resilientPlacement({ cluster, layers, minReplicas: 2 }, { shares, effort: "fast" });
        for (const [l, layer] of made.layers.entries()) {
          const copies = ranksOfCopies(cluster, layer);
          expect(copies.every((ranks) => new Set(ranks).size === ranks.length)).toBe(true);
          expect(copies.flat()).toHaveLength(totalSlots(cluster));
          expect(hostSets(layer).every((hosts) => hosts.length >= 2)).toBe(true);
          expect(layer.loads).toEqual(layers[l]!.loads);
          const balance =
            shares === "even" ? evenRankBalance(copies, layer.loads, 56) : freeRankBalance(copies, layer.loads, 56).maxOverMean;
          // Water-filling is exact to 1e-6, and copies are listed in another order there.
          expect(made.balance[l]).toBeCloseTo(balance, 5);
        }
        const units = failureUnits(cluster, { unit: "node" });
        expect(made.survival).toBeCloseTo(survivalUnder(made.layers.map(hostSets), units, 0), 12);
      }),
      few(5),
    );
  });

  test("experts without tokens have cells like others", () => {
    const cluster = [{ name: "n0", slots: 3, gpus: 1 }];
    const layers = [{ layer: 0, loads: [0] }];
    const failureModel = { unit: "node", probability: 0.1 } as const;
    const made = resilientPlacement({ cluster, layers, minReplicas: 1 }, { failureModel, effort: "fast" });
    expect(made.survival).toBeCloseTo(0.9, 12);
    expect(made.layers[0]!.nodes).toEqual([[0, FREE_SLOT, FREE_SLOT]]);
  });

  test("few nodes that differ survive as much as brute force finds, at every effort", () => {
    const size = fc.integer({ min: 1, max: 4 });
    fc.assert(
      fc.property(
        fc.array(size, { minLength: 3, maxLength: 4 }),
        fc.constantFrom("fast" as const, "normal" as const),
        (slots, effort) => {
          const experts = Math.max(2, Math.floor(slots.reduce((sum, own) => sum + own, 0) / 2) - 1);
          const usable = slots.reduce((sum, own) => sum + Math.min(own, experts), 0);
          fc.pre(usable >= 2 * experts && experts >= Math.max(...slots));
          const cluster = slots.map((own, n) => ({ name: `n${n}`, slots: own, gpus: 1 }));
          const layers = [{ layer: 0, loads: Array.from({ length: experts }, (_, e) => 100 * (e + 1)) }];
          const feasible = mostSurvival(slots, experts, 2, 0.25);
          fc.pre(feasible > 0);
          const failureModel = { unit: "node", probability: 0.25 } as const;
          const made = resilientPlacement({ cluster, layers, minReplicas: 2 }, { failureModel, balanceSlack: Infinity, effort });
          expect(made.survival).toBeCloseTo(feasible, 9);
        },
      ),
      few(6),
    );
  });

  test("a looser limit survives no less, and renamed experts change no figure", () => {
    fc.assert(
      fc.property(loadsOf(40), fc.integer({ min: 1, max: 39 }), (loads, shift) => {
        const cluster = uniformCluster(15, 8, 4);
        const place = (own: readonly number[], balanceSlack: number) =>
          resilientPlacement({ cluster, layers: [{ layer: 0, loads: own }], minReplicas: 2 }, { balanceSlack, effort: "fast" });
        const [tight, loose] = [place(loads, 0.02), place(loads, 0.2)];
        if (tight.withinBalanceLimit) expect(loose.survival).toBeGreaterThanOrEqual(tight.survival - 1e-12);
        const renamed = place([...loads.slice(shift), ...loads.slice(0, shift)], 0.02);
        expect(renamed.survival).toBe(tight.survival);
        expect(renamed.balance).toEqual(tight.balance);
      }),
      few(6),
    );
  });

  test("hot experts beyond what whole cells compute get further copies, and all ranks stay level", () => {
    const cluster = uniformCluster(16, 16, 8);
    const loads = Array.from({ length: 96 }, (_, e) => Math.round(10_000 / (e + 4)));
    const made = resilientPlacement({ cluster, layers: [{ layer: 0, loads }], minReplicas: 2 }, {});
    expect(made.withinBalanceLimit).toBe(true);
    expect(made.layers[0]!.replicas[0]).toBeGreaterThan(made.layers[0]!.replicas[95]!);
    // Five pairs and two triples, or better; eight pairs would lose half as much again.
    expect(1 - made.survival).toBeLessThan(0.65 * (1 - (1 - 1 / 16 ** 2) ** 8));
  });
});
