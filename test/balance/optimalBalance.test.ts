import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bindingSetByEnumeration } from "../../src/core/balance/bindingSetByEnumeration.ts";
import { bindingSetByFlow, busiestSet } from "../../src/core/balance/bindingSetByFlow.ts";
import { evenBalance } from "../../src/core/balance/evenBalance.ts";
import { captiveLoad, gpusOf, type HostedLoad } from "../../src/core/balance/hostedLoad.ts";
import { optimalBalance } from "../../src/core/balance/optimalBalance.ts";
import { nodesIn } from "../support/everyPlacement.ts";
import { optimum } from "../support/solver.ts";

const layer = fc.integer({ min: 1, max: 8 }).chain((nodes) =>
  fc.record({
    gpus: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: nodes, maxLength: nodes }),
    experts: fc.array(
      fc.record({
        hosts: fc.integer({ min: 1, max: 2 ** nodes - 1 }).map((mask) => nodesIn(mask, nodes)),
        load: fc.oneof(fc.nat(50), fc.nat(1e9)),
      }),
      { minLength: 1, maxLength: 12 },
    ),
  }),
);
const balanceOf = (experts: readonly HostedLoad[], gpus: readonly number[]) =>
  optimalBalance(
    experts.map(({ hosts }) => hosts),
    experts.map(({ load }) => load),
    gpus,
  );
const hasTokens = ({ experts }: { experts: readonly HostedLoad[] }) => experts.some(({ load }) => load > 0);

test("enumeration and flow find sets of the same captive load per GPU", () => {
  fc.assert(
    fc.property(layer.filter(hasTokens), ({ experts, gpus }) => {
      const perGpu = (nodes: number[]) => captiveLoad(nodes, experts) / gpusOf(nodes, gpus);
      expect(perGpu(bindingSetByFlow(experts, gpus))).toBe(perGpu(bindingSetByEnumeration(experts, gpus)));
    }),
    { numRuns: 300 },
  );
});

test("a flow starts from the busiest nodes, as many as have the most captive load per GPU", () => {
  fc.assert(
    fc.property(layer.filter(hasTokens), ({ experts, gpus }) => {
      const even = gpus.map(() => 0);
      for (const { hosts, load } of experts) for (const node of hosts) even[node]! += load / gpusOf(hosts, gpus);
      const order = [...gpus.keys()].sort((a, b) => even[b]! - even[a]! || a - b);
      const prefixes = order.map((_, i) => order.slice(0, i + 1));
      const perGpu = prefixes.map((nodes) => captiveLoad(nodes, experts) / gpusOf(nodes, gpus));
      const start = busiestSet(experts, gpus, Float64Array.from(even));
      expect(start).toEqual([...start].sort((a, b) => a - b));
      expect(prefixes.map((nodes) => nodes.sort((a, b) => a - b))).toContainEqual(start);
      expect(captiveLoad(start, experts) / gpusOf(start, gpus)).toBeCloseTo(Math.max(...perGpu), 6);
    }),
  );
});

test("the linear program over all shares has the same optimum", () => {
  fc.assert(
    fc.property(layer.filter(hasTokens), ({ experts, gpus }) => {
      const scaled = experts.map(({ hosts, load }) => ({ hosts, load: load % 1000 || 1 }));
      const share = (expert: number, node: number) => `x${expert}_${node}`;
      const rows = scaled.map(({ hosts, load }, e) => `e${e}: ${hosts.map((n) => share(e, n)).join(" + ")} = ${load}`);
      gpus.forEach((count, n) => {
        const here = scaled.flatMap(({ hosts }, e) => (hosts.includes(n) ? [share(e, n)] : []));
        if (here.length > 0) rows.push(`n${n}: ${here.join(" + ")} - ${count} most <= 0`);
      });
      const most = optimum(`Minimize\n obj: most\nSubject To\n ${rows.join("\n ")}\nEnd`) as number;
      const mean = captiveLoad([...gpus.keys()], scaled) / gpusOf([...gpus.keys()], gpus);
      expect(balanceOf(scaled, gpus).maxOverMean).toBeCloseTo(Math.max(1, most / mean), 6);
    }),
    { numRuns: 60 },
  );
});

test("the binding set proves the figure", () => {
  fc.assert(
    fc.property(layer.filter(hasTokens), ({ experts, gpus }) => {
      const { maxOverMean, binding } = balanceOf(experts, gpus);
      const everywhere = [...gpus.keys()];
      const mean = captiveLoad(everywhere, experts) / gpusOf(everywhere, gpus);
      expect(maxOverMean).toBeGreaterThanOrEqual(1);
      expect(captiveLoad(binding, experts) / gpusOf(binding, gpus) / mean).toBe(maxOverMean);
    }),
  );
});

test("128 nodes: one hot pair of nodes binds", () => {
  const hostSets = Array.from({ length: 256 }, (_, e) => (e === 0 ? [5, 9] : [e % 128, (e * 7 + 1) % 128].sort((a, b) => a - b)));
  const sets = hostSets.map((set) => (set[0] === set[1] ? [set[0] as number] : set));
  const loads = sets.map((_, e) => (e === 0 ? 1_000_000 : 1));
  const { maxOverMean, binding } = optimalBalance(sets, loads, new Array<number>(128).fill(8));
  expect(binding.includes(5) && binding.includes(9)).toBe(true);
  expect(maxOverMean).toBeCloseTo((128 * 1_000_000) / (2 * 1_000_255), 0);
});

describe("edges", () => {
  test("no tokens balance perfectly", () => {
    expect(optimalBalance([[0], []], [0, 0], [1, 1])).toEqual({ maxOverMean: 1, binding: [0, 1] });
    expect(evenBalance({ loads: [0], nodes: [[0], [-1]] }, [1, 1])).toBe(1);
  });
  test("an expert on every node leaves no set short", () => {
    expect(optimalBalance([[0, 1, 2]], [7], [1, 2, 4])).toEqual({ maxOverMean: 1, binding: [0, 1, 2] });
  });
  test("loads near 2^53", () => {
    expect(optimalBalance([[0], [1]], [2 ** 52, 2 ** 51], [1, 1]).maxOverMean).toBeCloseTo(4 / 3, 14);
    expect(() => optimalBalance([[0], [1]], [2 ** 53 - 1, 1], [1, 1])).toThrow(RangeError);
  });
  test.each([
    ["tokens without a host", [[]], [1], [1]],
    ["fractional tokens", [[0]], [0.5], [1]],
    ["negative tokens", [[0]], [-1], [1]],
    ["unknown node", [[1]], [1], [1]],
    ["lengths that differ", [[0]], [1, 2], [1]],
    ["a node without GPUs", [[0]], [1], [0]],
  ])("%s is refused", (_, sets, loads, gpus) => {
    expect(() => optimalBalance(sets, loads, gpus)).toThrow(RangeError);
  });
  test("an even split counts every replica, twice on a node too", () => {
    // Expert 0: 12 tokens in three replicas, two of them on node 0. Expert 1: 2 tokens on node 1.
    expect(
      evenBalance(
        {
          loads: [12, 2],
          nodes: [
            [0, 0],
            [0, 1],
          ],
        },
        [1, 1],
      ),
    ).toBeCloseTo(8 / 7, 14);
    expect(
      evenBalance(
        {
          loads: [12, 2],
          nodes: [
            [0, 0],
            [0, 1],
          ],
        },
        [2, 1],
      ),
    ).toBeCloseTo(6 / (14 / 3), 14);
    expect(() => evenBalance({ loads: [1], nodes: [[-1]] }, [1])).toThrow(RangeError);
  });
});
