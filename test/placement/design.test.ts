/** The state of the search for host sets against a state built anew, and its moves against all that there are. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { randomSource } from "../../src/core/algorithms/random.ts";
import { optimalBalance } from "../../src/core/balance/optimalBalance.ts";
import { BalanceTable } from "../../src/core/placement/resilient/design/balanceTable.ts";
import { Design, type HostMove } from "../../src/core/placement/resilient/design/design.ts";
import { makeDesignLayer } from "../../src/core/placement/resilient/design/designLayer.ts";
import { budgetObjective, survivalObjective, worthObjective } from "../../src/core/placement/resilient/design/objective.ts";
import { StepTable } from "../../src/core/placement/resilient/design/stepTable.ts";
import { sumsOverSets } from "../../src/core/placement/resilient/design/subsets.ts";
import { SurvivalTable } from "../../src/core/placement/resilient/design/survivalTable.ts";
import { SyncTable } from "../../src/core/placement/resilient/design/syncTable.ts";
import { drawMove } from "../../src/core/placement/resilient/search/drawMove.ts";
import { nodesIn, sizeOf } from "../support/everyPlacement.ts";

const NODES = 4;
const POSITIONS = 4;
const LAYERS = 2;
const seconds = (cost: number, sync: number) => 2 + cost + sync;
const goals = {
  survival: survivalObjective,
  budget: budgetObjective(seconds, 2.6),
  worth: worthObjective(seconds, (outcome) => outcome.survival ** 2 / outcome.seconds),
};

interface Setting {
  readonly goal: keyof typeof goals;
  readonly gpus: readonly number[];
  readonly loads: readonly (readonly number[])[];
  /** Of two nodes each, where domains fail. */
  readonly domainsFail: boolean;
  readonly free: readonly number[];
}

const settings = fc.record({
  goal: fc.constantFrom("survival", "budget", "worth"),
  gpus: fc.array(fc.integer({ min: 1, max: 2 }), { minLength: NODES, maxLength: NODES }),
  loads: fc.array(fc.array(fc.nat(40), { minLength: 3, maxLength: POSITIONS }), { minLength: LAYERS, maxLength: LAYERS }),
  domainsFail: fc.boolean(),
  free: fc.array(fc.nat(2), { minLength: NODES, maxLength: NODES }),
}) satisfies fc.Arbitrary<Setting>;
const hostSets = fc.array(fc.integer({ min: 1, max: 2 ** NODES - 1 }), { minLength: POSITIONS, maxLength: POSITIONS });

const sum = (numbers: Iterable<number>) => [...numbers].reduce((total, number) => total + number, 0);

/** A design with tables of its own; `experts` by layer and position. */
function designOf({ goal, gpus, loads, domainsFail, free }: Setting, hosts: readonly number[], experts: readonly Int32Array[]) {
  const sets = Int32Array.from(hosts);
  const sums = sumsOverSets(gpus);
  const ranks = sum(gpus);
  const tables = loads.map((tokens) => {
    const total = sum(tokens);
    const limit = 1.1 * (total / ranks);
    if (goal === "survival") return new BalanceTable(sums, sumsOverSets([1, 1, 1, 1]), total, Math.max(limit, 1));
    const costs = { base: 2, perCompute: 0.5, perTraffic: 0.25, perSync: 1 };
    return new StepTable({ costs, perGpu: sums.map((n) => 1 / n), mean: total / ranks, tokens: total, ranks, limit: 1.2 });
  });
  const layers = loads.map((tokens, l) => makeDesignLayer(tokens, experts[l]!.slice(), sets, tables[l]!));
  const survival = domainsFail
    ? new SurvivalTable([0, 1, 0, 1], [0.1, 0.2], 1)
    : new SurvivalTable([0, 1, 2, 3], [0.1, 0.2, 0.1, 0.3], 1);
  const slots = free.map((count, node) => count + hosts.filter((set) => (set >> node) & 1).length);
  const sync = goal === "survival" ? undefined : new SyncTable(NODES, LAYERS);
  return { tables, design: new Design({ hosts: sets, slots, layers, objective: goals[goal], survival, sync }) };
}

const figuresOf = ({ lost, cost, violation, badness }: Design) => ({ lost, cost, violation, badness });
const close = (figures: ReturnType<typeof figuresOf>) =>
  Object.fromEntries(Object.entries(figures).map(([name, figure]) => [name, expect.closeTo(figure, 9)]));
const inOrder = (length: number) => Int32Array.from({ length }, (_, i) => i);
const startingExperts = () => Array.from({ length: LAYERS }, () => inOrder(POSITIONS));

/** All the moves that slots and the minimum allow, in words. */
function allMoves({ hosts, free }: Design, minHosts: number): Set<string> {
  const found = new Set<string>();
  const nodes = [...free.keys()];
  const has = (set: number, node: number) => ((set >> node) & 1) === 1;
  const worded = (...sets: readonly (readonly [number, number])[]) => JSON.stringify(sets);
  hosts.forEach((own, first) => {
    const vacant = nodes.filter((node) => free[node]! > 0 && !has(own, node));
    for (const entered of vacant) {
      found.add(worded([first, own | (1 << entered)]));
      for (const left of nodesIn(own, NODES)) found.add(worded([first, (own & ~(1 << left)) | (1 << entered)]));
    }
    const mayLose = sizeOf(own) > minHosts;
    if (mayLose) for (const left of nodesIn(own, NODES)) found.add(worded([first, own & ~(1 << left)]));
    hosts.forEach((other, second) => {
      const [given, taken] = [nodesIn(own & ~other, NODES), nodesIn(other & ~own, NODES)];
      if (other !== own && taken.every((node) => free[node]! > 0)) found.add(worded([first, other]));
      for (const node of given) {
        if (mayLose) found.add(worded([first, own & ~(1 << node)], [second, other | (1 << node)]));
        for (const back of taken)
          found.add(worded([first, (own & ~(1 << node)) | (1 << back)], [second, (other & ~(1 << back)) | (1 << node)]));
      }
    });
  });
  return found;
}

function wordedMove({ first, firstTo, second, secondTo }: HostMove): string {
  return JSON.stringify([[first, firstTo], ...(second < 0 ? [] : [[second, secondTo]])]);
}

test("moves are drawn from all that slots and the minimum allow, and only from these", () => {
  fc.assert(
    fc.property(settings, hostSets, fc.integer({ min: 1, max: 2 }), (setting, drawn, minHosts) => {
      const hosts = drawn.map((set) => (sizeOf(set) < minHosts ? 0b0011 : set));
      const { design } = designOf(setting, hosts, startingExperts());
      const expected = allMoves(design, minHosts);
      const random = randomSource(3);
      const seen = new Set<string>();
      for (let i = 0; i < 6000; i++) {
        const move = drawMove(design, minHosts, random);
        if (move === undefined) continue;
        const isFromHere = hosts[move.first] === move.firstFrom && (move.second < 0 || hosts[move.second] === move.secondFrom);
        seen.add(isFromHere ? wordedMove(move) : "from elsewhere");
      }
      expect([...seen].sort()).toEqual([...expected].sort());
    }),
    { numRuns: 8 },
  );
});

const operations = fc.array(
  fc.record({
    kind: fc.constantFrom("move", "move", "swap", "retake", "restore", "elsewhere", "pursue"),
    a: fc.nat(POSITIONS - 1),
    b: fc.nat(POSITIONS - 1),
    tolerated: fc.constantFrom(0, 0.05, 1, 1e9),
    keepSurvival: fc.boolean(),
  }),
  { minLength: 1, maxLength: 30 },
);

test("whatever is tried and taken back, a design is what would be built anew, and takes what its energy allows", () => {
  fc.assert(
    fc.property(settings, hostSets, operations, (given, hosts, tried) => {
      let { goal } = given;
      let elsewhere = 0;
      const { design } = designOf(given, hosts, startingExperts());
      const kept = design.snapshot();
      const random = randomSource(1);
      /** Built anew with these host sets, and experts by layer. */
      const anew = (sets: readonly number[], experts: readonly Int32Array[]) => {
        const free = given.free.map((count, node) => {
          const before = hosts.filter((set) => (set >> node) & 1).length;
          return count + before - sets.filter((set) => (set >> node) & 1).length;
        });
        const built = designOf({ ...given, free }, sets, experts).design;
        built.pursue(goals[goal]);
        built.setCostElsewhere(elsewhere);
        return built;
      };
      const sync = (sets: readonly number[]) => {
        const table = new SyncTable(NODES, LAYERS);
        for (const set of sets) table.move(0, set);
        return given.goal === "survival" ? 0 : table.cost;
      };
      const energyOf = (built: Design) => goals[goal].energy(built.lost, built.cost, sync([...built.hosts]));
      const expectBuilt = () => {
        const built = anew(
          [...design.hosts],
          design.layers.map(({ expert }) => expert),
        );
        expect(figuresOf(design)).toEqual(close(figuresOf(built)));
        expect([...design.free]).toEqual([...built.free]);
        design.layers.forEach(({ tokens, expert, loads }, l) => {
          expect([...tokens]).toEqual([...expert].map((e) => loads[e] ?? 0));
          expect([...design.hostsByExpert(l)]).toEqual(loads.map((_, e) => design.hosts[expert.indexOf(e)]!));
        });
        return built;
      };
      for (const { kind, a, b, tolerated, keepSurvival } of tried) {
        const before = expectBuilt();
        const experts = design.layers.map(({ expert }) => expert.slice());
        if (kind === "swap") {
          const l = a % LAYERS;
          const swapped = experts.map((list) => list.slice());
          swapped[l]![a] = experts[l]![b]!;
          swapped[l]![b] = experts[l]![a]!;
          const after = anew([...before.hosts], swapped);
          const gap = energyOf(after) - energyOf(before) - tolerated;
          const taken = design.trySwap(design.layers[l]!, a, b, tolerated);
          if (Math.abs(gap) > 1e-6) expect(taken).toBe(gap < 0);
          expect(design.layers.map(({ expert }) => [...expert])).toEqual((taken ? swapped : experts).map((list) => [...list]));
        } else if (kind === "move") {
          const move = drawMove(design, 1, random);
          if (move === undefined) continue;
          const sets = [...before.hosts];
          sets[move.first] = move.firstTo;
          if (move.second >= 0) sets[move.second] = move.secondTo;
          const after = anew(sets, experts);
          const mostLost = keepSurvival ? design.lost : 1;
          const gap = energyOf(after) - energyOf(before) - tolerated;
          const taken = design.tryMove(move, tolerated, mostLost);
          if (Math.abs(gap) > 1e-6) expect(taken).toBe(gap < 0 && after.lost <= mostLost);
          expect([...design.hosts]).toEqual(taken ? sets : [...before.hosts]);
        } else if (kind === "retake") {
          design.retake(kept);
          expect(kept).toEqual(design.snapshot());
        } else if (kind === "restore") {
          design.restore(kept);
          expect(design.snapshot()).toEqual(kept);
        } else if (kind === "elsewhere") {
          elsewhere = a / 4;
          design.setCostElsewhere(elsewhere);
        } else if (goal !== "survival") {
          goal = goal === "worth" ? "budget" : "worth";
          design.pursue(goals[goal]);
        }
      }
      expectBuilt();
    }),
    { numRuns: 40 },
  );
});

test("the balance that host sets allow, and by how much they break a limit, are those of the definition", () => {
  fc.assert(
    fc.property(settings, hostSets, fc.integer({ min: 1, max: 40 }), ({ gpus, loads }, hosts, limit) => {
      const sums = sumsOverSets(gpus);
      const tokens = Float64Array.from(hosts, (_, i) => loads[0]![i] ?? 0);
      const total = sum(tokens);
      const mean = total / sum(gpus);
      const table = new BalanceTable(sums, sumsOverSets([1, 1, 1, 1]), total, mean + 1);
      makeDesignLayer(loads[0]!, inOrder(POSITIONS), Int32Array.from(hosts), table);
      const severalGpus = gpus.some((count) => count > 1);
      const sets = hosts.map((set) => nodesIn(set, NODES));
      const alone = Math.max(0, ...[...tokens].map((load, i) => (severalGpus ? load / sets[i]!.length : 0)));
      const expectFigures = (most: number) => {
        const shared = total === 0 ? 0 : optimalBalance(sets, [...tokens], gpus).maxOverMean * mean;
        expect(table.busiest(Int32Array.from(hosts), tokens)).toBeCloseTo(Math.max(shared, alone), 9);
        let excess = 0;
        for (let set = 1; set < 2 ** NODES - 1; set++) {
          const inside = sum([...tokens].filter((_, i) => (hosts[i]! & ~set) === 0));
          excess += Math.max(0, inside - Math.floor(most * sums[set]!));
        }
        if (severalGpus) excess += sum([...tokens].map((load, i) => Math.max(0, load - Math.floor(sets[i]!.length * most))));
        // A node's mean tokens above the limit weigh three times as much as losing the job e times as often.
        expect(table.cost).toBeCloseTo(total === 0 ? 0 : (3 * NODES * excess) / total, 9);
      };
      expectFigures(mean + 1);
      table.setLimit(mean + limit / 4, Int32Array.from(hosts), tokens);
      expect(table.limit).toBe(mean + limit / 4);
      expectFigures(mean + limit / 4);
    }),
    { numRuns: 50 },
  );
});
