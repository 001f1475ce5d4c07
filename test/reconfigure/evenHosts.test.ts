/** Exchanges of host sets: what they reach, and which come first. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { hostBalance } from "../../src/core/balance/hostBalance.ts";
import { evenHosts } from "../../src/core/reconfigure/evenHosts.ts";
import { nodesIn } from "../support/everyPlacement.ts";

const NODES = 4;
const layers = fc.integer({ min: 2, max: 6 }).chain((experts) =>
  fc.record({
    loads: fc.array(fc.nat(60), { minLength: experts, maxLength: experts }),
    hosts: fc
      .array(fc.integer({ min: 1, max: 2 ** NODES - 1 }), { minLength: experts, maxLength: experts })
      .map((sets) => sets.map((set) => nodesIn(set, NODES))),
    held: fc
      .array(fc.nat(2 ** NODES - 1), { minLength: experts, maxLength: experts })
      .map((sets) => sets.map((set) => nodesIn(set, NODES))),
    gpus: fc.array(fc.integer({ min: 1, max: 2 }), { minLength: NODES, maxLength: NODES }),
    balanceLimit: fc.constantFrom(1.02, 1.3, Infinity),
    shareLimit: fc.constantFrom(0.5, 1, 1.5, Infinity),
  }),
);

test("the limits hold, with the very same host sets; where they hold already nothing changes", () => {
  let [changed, refused] = [0, 0];
  fc.assert(
    fc.property(layers, ({ hosts, ...problem }) => {
      const { loads, gpus, balanceLimit, shareLimit } = problem;
      const isWithin = (sets: readonly (readonly number[])[]) => {
        const { nodes, shares } = hostBalance(sets, loads, gpus);
        return nodes <= balanceLimit * (1 + 1e-9) && shares <= shareLimit * (1 + 1e-9);
      };
      const even = evenHosts(hosts, problem);
      if (isWithin(hosts)) expect(even).toEqual(hosts);
      if (even === undefined) {
        refused++;
        return;
      }
      expect(isWithin(even)).toBe(true);
      expect(even.map((set) => set.join()).toSorted()).toEqual(hosts.map((set) => set.join()).toSorted());
      if (even.some((set, expert) => set.join() !== hosts[expert]!.join())) changed++;
    }),
    { numRuns: 600, seed: 3 },
  );
  expect(changed).toBeGreaterThan(60);
  expect(refused).toBeGreaterThan(60);
});

test("of all partners that make room for a hot expert, those that move least, and of these the hottest", () => {
  fc.assert(
    fc.property(layers, ({ hosts, ...problem }) => {
      const { loads, gpus, held } = problem;
      const mean = loads.reduce((sum, load) => sum + load, 0) / gpus.reduce((sum, count) => sum + count, 0);
      fc.pre(mean > 0);
      const limit = 1;
      const fits = (expert: number, set: readonly number[]) => loads[expert]! <= limit * (1 + 1e-12) * mean * set.length;
      const hot = [...loads.keys()].filter((expert) => !fits(expert, hosts[expert]!));
      fc.pre(hot.length === 1);
      const a = hot[0]!;
      const arrivals = (expert: number, set: readonly number[]) => set.filter((node) => !held[expert]!.includes(node)).length;
      const partners = [...loads.keys()].filter((b) => fits(a, hosts[b]!) && fits(b, hosts[a]!));
      const movesWith = (b: number) => arrivals(a, hosts[b]!) + arrivals(b, hosts[a]!);
      const even = evenHosts(hosts, { ...problem, balanceLimit: Infinity, shareLimit: limit });
      if (partners.length === 0) {
        expect(even).toBeUndefined();
        return;
      }
      const fewest = Math.min(...partners.map(movesWith));
      const hottest = Math.max(...partners.filter((b) => movesWith(b) === fewest).map((b) => loads[b]!));
      const partner = partners.find((b) => movesWith(b) === fewest && loads[b] === hottest)!;
      expect(even).toEqual(hosts.with(a, hosts[partner]!).with(partner, hosts[a]!));
    }),
    { numRuns: 300 },
  );
});

/** Node 0 has 5 tokens too many, node 1 is full, node 2 has room for 5. */
const crowded = {
  hosts: [[0], [0], [1], [1], [2], [2]],
  loads: [10, 5, 5, 5, 5, 0],
  gpus: [1, 1, 1],
  balanceLimit: 1,
  shareLimit: Infinity,
};

test("a hot expert goes where there is room, not where it is as busy", () => {
  const even = evenHosts(crowded.hosts, { ...crowded, held: crowded.hosts });
  expect(even).toEqual([[2], [0], [1], [1], [0], [2]]);
});

test("of exchanges that relieve as much, the one that moves fewer replicas", () => {
  const held = crowded.hosts.with(1, [0, 2]);
  expect(evenHosts(crowded.hosts, { ...crowded, held })).toEqual([[0], [2], [1], [1], [2], [0]]);
});
