/** What a search minimises: every figure counts, and tables count them as brute force does. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { optimalBalance } from "../../src/core/balance/optimalBalance.ts";
import {
  budgetObjective,
  type Objective,
  stepObjective,
  survivalObjective,
  worthObjective,
} from "../../src/core/placement/resilient/design/objective.ts";
import { StepTable } from "../../src/core/placement/resilient/design/stepTable.ts";
import { sumsOverSets } from "../../src/core/placement/resilient/design/subsets.ts";
import { SyncTable } from "../../src/core/placement/resilient/design/syncTable.ts";
import { nodesIn, sizeOf } from "../support/everyPlacement.ts";

const seconds = (cost: number, sync: number) => 1 + cost + 2 * sync;
const BUDGET = 2;
const objectives: Record<string, Objective> = {
  survival: survivalObjective,
  budget: budgetObjective(seconds, BUDGET),
  step: stepObjective(seconds),
  worth: worthObjective(seconds, (outcome) => outcome.survival ** 3 / outcome.seconds),
};
const figure = fc.double({ min: 0.01, max: 0.9, noNaN: true });

test.each([
  ["survival", "lost", "cost"],
  ["budget", "lost", "cost", "sync"],
  ["step", "cost", "sync"],
  ["worth", "lost", "cost", "sync"],
])("the energy of a search for %s grows with each figure that counts", (name, ...counted) => {
  fc.assert(
    fc.property(figure, figure, figure, fc.double({ min: 0.01, max: 0.05, noNaN: true }), (lost, cost, sync, more) => {
      const { energy } = objectives[name]!;
      // Beyond the budget, where there is one.
      const [own, other] = [1 + cost, 1 + sync];
      const before = energy(lost, own, other);
      const after = {
        lost: energy(lost + more, own, other),
        cost: energy(lost, own + more, other),
        sync: energy(lost, own, other + more),
      };
      for (const [grown, value] of Object.entries(after)) {
        if (counted.includes(grown)) expect(value, grown).toBeGreaterThan(before);
        else expect(value, grown).toBe(before);
      }
    }),
  );
});

test("one percent more step time weighs as much as losing the job e times as often, and within a budget nothing", () => {
  const { energy, violation, badness } = objectives["budget"]!;
  const over = (factor: number): [number, number] => [BUDGET * factor - 1.5, 0.25];
  expect(energy(0.01, ...over(Math.exp(0.01)))).toBeCloseTo(energy(0.01 * Math.E, ...over(1)), 9);
  expect(energy(0.01, ...over(0.5))).toBe(energy(0.01, ...over(0.9)));
  expect(violation(...over(0.9))).toBe(0);
  expect(violation(...over(1.1))).toBeCloseTo(Math.log(1.1), 12);
  expect(badness(0.25, ...over(1))).toBe(0.25);
  expect(objectives["step"]!.badness(0.25, 1, 1)).toBe(4);
  expect(objectives["worth"]!.badness(0.25, 1, 1)).toBeCloseTo(-(0.75 ** 3) / 4, 12);
  expect(objectives["worth"]!.violation(9, 9)).toBe(0);
  expect(survivalObjective.violation(9, 1)).toBe(9);
  expect(survivalObjective.badness(0.25, 9, 9)).toBe(0.25);
});

const NODES = 4;
const SETS = 2 ** NODES;
/** Experts that change hosts; 0 stands for none. */
const moves = fc.array(fc.record({ expert: fc.nat(4), hosts: fc.nat(SETS - 1) }), { minLength: 1, maxLength: 25 });

test("synchronisation is that of the busiest node, and what the search sees lies between it and the mean", () => {
  fc.assert(
    fc.property(moves, fc.integer({ min: 1, max: 5 }), (changes, copies) => {
      const table = new SyncTable(NODES, copies);
      const hosts = new Array<number>(5).fill(0);
      for (const { expert, hosts: after } of changes) {
        table.move(hosts[expert]!, after);
        hosts[expert] = after;
      }
      const ofNode = Array.from({ length: NODES }, (_, node) =>
        hosts
          .filter((set) => (set >> node) & 1)
          .map((set) => (copies * (sizeOf(set) - 1)) / sizeOf(set))
          .reduce((sum, share) => sum + share, 0),
      );
      const busiest = Math.max(...ofNode);
      const mean = ofNode.reduce((sum, own) => sum + own, 0) / NODES;
      expect(table.busiest).toBeCloseTo(busiest, 9);
      expect(table.cost).toBeCloseTo(0.7 * busiest + 0.3 * mean, 9);
    }),
  );
});

test("a layer's step: the busiest node set computes, what its node holds does not travel, a broken limit is fined", () => {
  const loads = fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 5, maxLength: 5 });
  const gpus = fc.array(fc.integer({ min: 1, max: 3 }), { minLength: NODES, maxLength: NODES });
  fc.assert(
    fc.property(moves, loads, gpus, (changes, tokens, gpusOf) => {
      const total = tokens.reduce((sum, load) => sum + load, 0);
      const ranks = gpusOf.reduce((sum, count) => sum + count, 0);
      const costs = { base: 5, perCompute: 0.5, perTraffic: 0.25, perSync: 7 };
      const limit = 1.1;
      const perGpu = sumsOverSets(gpusOf).map((count) => 1 / count);
      const table = new StepTable({ costs, perGpu, mean: total / ranks, tokens: total, ranks, limit });
      const hosts = new Array<number>(5).fill(SETS - 1);
      for (const load of tokens) table.change(SETS - 1, 0, load);
      for (const { expert, hosts: after } of changes) {
        if (after === 0) continue;
        table.move(hosts[expert]!, after, tokens[expert]!);
        hosts[expert] = after;
      }
      const sets = hosts.map((set) => nodesIn(set, NODES));
      const compute = optimalBalance(sets, tokens, gpusOf).maxOverMean;
      const local = gpusOf.map((count, node) => {
        const held = tokens.filter((_, expert) => sets[expert]!.includes(node)).reduce((sum, load) => sum + load, 0);
        return held / count;
      });
      // Each rank routes an equal part of all tokens, and a node's ranks each hold an equal part of the node's experts.
      const traffic = compute - Math.min(...local) / total;
      const fine = 0.3 * Math.max(0, compute - limit);
      expect(table.fine).toBeCloseTo(fine, 9);
      expect(table.cost).toBeCloseTo(0.5 * (compute - 1) + 0.25 * traffic + fine, 9);
    }),
  );
});
