/** Which of several plans is taken, on plans that the test brings along. */
import { expect, test } from "vitest";
import { hostBalance } from "../../src/core/balance/hostBalance.ts";
import { uniformCluster } from "../../src/core/layout/cluster.ts";
import { hostSets, type LayerPlacement } from "../../src/core/layout/placement.ts";
import { assess } from "../../src/core/placement/assess.ts";
import { makePlacement } from "../../src/core/placement/makePlacement.ts";
import { resilientPlacement } from "../../src/core/placement/resilient/resilientPlacement.ts";
import { placeHosts } from "../../src/core/placement/resilient/search/placeHosts.ts";
import { resilientHostSets } from "../../src/core/placement/resilient/search/resilientHostSets.ts";
import { failureUnits, survivalUnder } from "../../src/core/recovery/failureUnits.ts";

const LOADS = [
  [166, 1052, 263, 30141, 2363, 5354, 80, 48, 42, 63, 475, 45, 99, 388, 139, 242],
  [21856, 335, 290, 1336, 1002, 4421, 883, 530, 5744, 325, 341, 2022, 631, 514, 325, 405],
  [1861, 2050, 1510, 761, 3518, 2568, 914, 1258, 1107, 844, 5555, 1281, 13707, 1350, 2046, 630],
  [3481, 2128, 2407, 5001, 1297, 2794, 1323, 8192, 1116, 1769, 1444, 1742, 1849, 2769, 2196, 1452],
];

test("of plans that all survive few failures for certain, the one that survives most when half of the nodes fail", () => {
  const cluster = uniformCluster(6, 2);
  const layer = { layer: 0, loads: [1, 1, 1, 1] };
  const plan = (sets: number[][]): LayerPlacement[] => [placeHosts(cluster, layer, sets)];
  const ring = plan([
    [0, 1, 2],
    [2, 3, 4],
    [0, 4, 5],
    [1, 3, 5],
  ]);
  const groups = plan([
    [0, 1, 2],
    [0, 1, 2],
    [3, 4, 5],
    [3, 4, 5],
  ]);
  // Three failures at once come about once in 10^17 reconfigurations: survival alone cannot tell the plans apart.
  const model = { unit: "node", probability: 1e-6 } as const;
  const ofHalf = (hosts: readonly (readonly number[])[]) =>
    survivalUnder([hosts], failureUnits(cluster, { unit: "node", probability: 0.5 }), 0);
  const best = ofHalf(hostSets(groups[0]!));
  expect(best).toBeGreaterThan(ofHalf(hostSets(ring[0]!)));
  for (const startFrom of [
    [ring, groups],
    [groups, ring],
  ]) {
    const found = resilientHostSets(
      { cluster, layers: [layer], minReplicas: 3 },
      { failureModel: model, startFrom, balanceSlack: Infinity, effort: "fast" },
    );
    expect(found.survival).toBeCloseTo(1, 14);
    expect(ofHalf(found.hosts[0]!)).toBeGreaterThanOrEqual(best - 1e-12);
  }
});

test("a step budget comes before the balance limit", () => {
  const cluster = uniformCluster(4, 2);
  const layer = { layer: 0, loads: [60, 25, 15] };
  // Synchronisation is all that counts: a single host each takes no time, and leaves one node with 60 of 100 tokens.
  const costs = { base: 1, perCompute: 1e-4, perTraffic: 0, perSync: 10 };
  const single = [[0], [1], [2]];
  const level = [
    [0, 1, 2, 3],
    [0, 1],
    [2, 3],
  ];
  expect(hostBalance(single, layer.loads, [1, 1, 1, 1]).nodes).toBeCloseTo(2.4, 12);
  expect(hostBalance(level, layer.loads, [1, 1, 1, 1]).nodes).toBe(1);
  for (const order of [
    [single, level],
    [level, single],
  ]) {
    const startFrom = order.map((hosts) => [placeHosts(cluster, layer, hosts)]);
    const found = resilientHostSets(
      { cluster, layers: [layer], minReplicas: 1 },
      { startFrom, balanceSlack: 0, goal: { costs, budget: 1.1 }, effort: "fast" },
    );
    expect(found.withinStepBudget).toBe(true);
    expect(found.withinBalanceLimit).toBe(false);
  }
});

test.each(["even", "free"] as const)("with %s shares, balanced is no more even where it survives as much", (shares) => {
  const cluster = uniformCluster(4, 16, 4);
  const layers = LOADS.map((loads, layer) => ({ layer, loads }));
  const policy = { allocation: "lazarus", minReplicas: 1, seed: 0, failureProbability: 0.1, effort: "normal", shares } as const;
  const figures = (["balanced", "resilient"] as const).map((placement) => {
    const made = makePlacement(cluster, layers, { ...policy, placement, balanceSlack: 0.001 });
    const { balance, survival } = assess(made, { ...policy, placement });
    return { balance: shares === "even" ? balance.even : balance.optimal, survival: survival.probability };
  });
  const [balanced, resilient] = figures as [(typeof figures)[0], (typeof figures)[0]];
  expect(resilient.survival).toBeGreaterThanOrEqual(balanced.survival - 1e-12);
  if (balanced.survival >= resilient.survival)
    expect(resilient.balance).toBeLessThanOrEqual(Math.max(balanced.balance, 1.001) + 1e-4);
});

test("on uneven nodes, balanced's plan is taken where it alone keeps the balance limit, though it survives less", () => {
  const cluster = [1, 2, 4, 2].map((slots, n) => ({ name: `node-${n}`, slots, gpus: Math.ceil(slots / 2) }));
  const layers = [{ layer: 0, loads: [1, 1, 11] }];
  const wishes = { balanceSlack: 0.02, shares: "free", effort: "fast" } as const;
  const policy = { allocation: "lazarus", placement: "resilient", minReplicas: 2, seed: 0, failureProbability: 0.25 } as const;
  const alone = resilientPlacement({ cluster, layers, minReplicas: 2 }, wishes);
  expect(alone.withinBalanceLimit).toBe(false);
  const made = makePlacement(cluster, layers, { ...policy, ...wishes });
  expect(made).toMatchObject({ withinBalanceLimit: true, keptMinReplicas: 2 });
  const { balance, survival } = assess(made, { ...policy, ...wishes });
  expect(balance.optimal).toBeLessThanOrEqual(1.02);
  expect(survival.probability).toBeLessThan(alone.survival);
});
