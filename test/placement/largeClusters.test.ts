/** Placement resilient on clusters with more nodes than a search can count all failures of. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { uniformCluster } from "../../src/core/layout/cluster.ts";
import { SurvivalTable } from "../../src/core/placement/resilient/design/survivalTable.ts";
import { placeInBlocks } from "../../src/core/placement/resilient/search/placeInBlocks.ts";
import { resilientHostSets } from "../../src/core/placement/resilient/search/resilientHostSets.ts";
import { failureUnits, survivalUnder } from "../../src/core/recovery/failureUnits.ts";
import { logNormalLayers } from "../../src/dev/logNormalLayers.ts";

test("a survival table counts units that fail with probabilities of their own", () => {
  const instances = fc.integer({ min: 1, max: 6 }).chain((units) =>
    fc.record({
      probabilities: fc.array(fc.double({ min: 0.01, max: 0.9, noNaN: true }), { minLength: units, maxLength: units }),
      sets: fc.array(fc.integer({ min: 1, max: 2 ** units - 1 }), { minLength: 1, maxLength: 7 }),
    }),
  );
  fc.assert(
    fc.property(instances, ({ probabilities, sets }) => {
      const table = new SurvivalTable([...probabilities.keys()], probabilities, 1);
      const lostWith = (held: readonly number[]) => {
        let lost = 0;
        for (let failed = 1; failed < 2 ** probabilities.length; failed++) {
          if (!held.some((set) => (set & ~failed) === 0)) continue;
          lost += probabilities.reduce((product, p, unit) => product * ((failed >> unit) & 1 ? p : 1 - p), 1);
        }
        return lost;
      };
      for (const set of sets) table.add(set);
      expect(table.lost).toBeCloseTo(lostWith(sets), 12);
      // Experts with the same hosts leave one by one, and at last nothing can be lost: sums are exact.
      sets.forEach((set, taken) => {
        table.remove(set);
        expect(table.lost).toBeCloseTo(lostWith(sets.slice(taken + 1)), 12);
      });
      expect(table.lost).toBe(0);
    }),
  );
});

test("blocks host whole experts, within slots and the minimum of hosts", () => {
  const instances = fc
    .record({
      nodes: fc.integer({ min: 13, max: 30 }),
      experts: fc.integer({ min: 4, max: 12 }),
      minReplicas: fc.integer({ min: 1, max: 4 }),
    })
    .chain(({ nodes, ...rest }) =>
      fc.record({
        ...Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, fc.constant(value)])),
        slots: fc.array(fc.integer({ min: 2, max: 6 }), { minLength: nodes, maxLength: nodes }),
      }),
    ) as fc.Arbitrary<{ experts: number; minReplicas: number; slots: number[] }>;
  let placed = 0;
  fc.assert(
    fc.property(instances, ({ experts, minReplicas, slots }) => {
      const cluster = slots.map((count, n) => ({ name: `node${n}`, slots: count, gpus: 1 }));
      const units = failureUnits(cluster, { unit: "node", probability: 0.1 });
      const layers = logNormalLayers(2, experts);
      const search = {
        units,
        minReplicas,
        balanceSlack: 0.02,
        moves: 500,
        seed: 0,
        goal: undefined,
        effort: "normal" as const,
        shouldStop: () => false,
      };
      const hosts = placeInBlocks({ cluster, layers, minReplicas }, search, 12);
      if (hosts === undefined) return;
      placed++;
      for (const sets of hosts) {
        const held = cluster.map((_, node) => sets.filter((set) => set.includes(node)).length);
        for (const [node, count] of held.entries()) expect(count).toBeLessThanOrEqual(slots[node]!);
        for (const set of sets) {
          expect(set.length).toBeGreaterThanOrEqual(minReplicas);
          expect(set).toEqual([...new Set(set)].sort((a, b) => a - b));
        }
      }
    }),
    { numRuns: 30 },
  );
  expect(placed).toBeGreaterThan(10);
});

test("blocks hold as many hosts as they must when they have exactly the slots, and are refused with one slot fewer", () => {
  const search = {
    minReplicas: 4,
    balanceSlack: Infinity,
    moves: 500,
    seed: 0,
    goal: undefined,
    effort: "fast" as const,
    shouldStop: () => false,
  };
  // Twelve pairs of nodes, twelve experts: four replicas are two pairs, which are all 24 slots of pairs.
  const hostsOn = (cluster: ReturnType<typeof uniformCluster>) => {
    const units = failureUnits(cluster, { unit: "node", probability: 0.1 });
    const problem = { cluster, layers: [{ layer: 0, loads: new Array<number>(12).fill(1) }], minReplicas: 4 };
    return placeInBlocks(problem, { ...search, units }, 12);
  };
  const cluster = uniformCluster(24, 2);
  expect(hostsOn(cluster)![0]!.map((set) => set.length)).toEqual(new Array<number>(12).fill(4));
  expect(hostsOn(cluster.with(7, { ...cluster[7]!, slots: 1 }))).toBeUndefined();
});

test.each([
  { nodes: 24, smallest: 8 },
  { nodes: 30, smallest: 10 },
  { nodes: 48, smallest: 16 },
])("$nodes nodes of 6 slots: 16 experts survive as on three groups, even though loads are uneven", ({ nodes, smallest }) => {
  const layers = logNormalLayers(4, 16);
  const failureModel = { unit: "node", probability: 0.2 } as const;
  const { hosts, withinBalanceLimit } = resilientHostSets(
    { cluster: uniformCluster(nodes, 6), layers, minReplicas: 2 },
    { failureModel },
  );
  const units = failureUnits(uniformCluster(nodes, 6), failureModel);
  const lost = 1 - survivalUnder(hosts, units, 0);
  expect(withinBalanceLimit).toBe(true);
  // Three groups, all of whose nodes must fail.
  expect(lost).toBeLessThanOrEqual(3 * 0.2 ** smallest * (1 + 1e-3));
});

test("one small node costs a large cluster little survival", () => {
  const cluster = uniformCluster(24, 6).map((node, n) => (n === 0 ? { ...node, slots: 2 } : node));
  // Even loads fit into small whole cells as well, which survive much less.
  const layers = [{ layer: 0, loads: new Array<number>(16).fill(100) }];
  const { survival } = resilientHostSets({ cluster, layers, minReplicas: 2 }, { effort: "fast" });
  expect(survival).toBeGreaterThan(1 - 1e-6);
});
