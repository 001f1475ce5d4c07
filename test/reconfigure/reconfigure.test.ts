import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type ClusterNode, uniformCluster } from "../../src/core/layout/cluster.ts";
import { FREE_SLOT, hostSets, type Placement } from "../../src/core/layout/placement.ts";
import { placeLayers } from "../../src/core/placement/placeLayers.ts";
import { chooseSources } from "../../src/core/reconfigure/chooseSources.ts";
import { missingReplicas } from "../../src/core/reconfigure/mapNodes.ts";
import { type Reconfiguration, reconfigure } from "../../src/core/reconfigure/reconfigure.ts";
import { gpusOfParts, settleSlots } from "../../src/core/reconfigure/settleSlots.ts";
import { survivors } from "../../src/core/reconfigure/survivors.ts";
import { permutations } from "../support/permutations.ts";
import { type Case, cases, holdings, recoverable } from "../support/reconfiguration.ts";

const both = ["greedy", "optimal"] as const;
const run = ({ left, plan }: Case, mapping: (typeof both)[number], keepDomains = false): Reconfiguration =>
  reconfigure({ survivors: left, plan, mapping, keepDomains });

describe("survivors", () => {
  test("lost is what only failed nodes held", () => {
    fc.assert(
      fc.property(cases, ({ old, left }) => {
        const lost = old.layers.flatMap((layer) =>
          hostSets(layer).flatMap((hosts, expert) =>
            hosts.some((host) => left.oldNode.includes(host)) ? [] : [{ layer: layer.layer, expert }],
          ),
        );
        expect(left.lost).toEqual(lost);
      }),
    );
  });

  test("a replacement may bear a failed node's name, but no two live nodes may bear one", () => {
    const cluster = uniformCluster(3, 2);
    const { layers } = placeLayers({
      cluster,
      layers: [{ layer: 0, loads: [3, 1] }],
      minReplicas: 2,
      allocation: "lazarus",
      placement: "mro",
    });
    const again = survivors({ cluster, layers }, [1], [cluster[1]!]);
    expect(again.cluster.map(({ name }) => name)).toEqual(["node0", "node2", "node1"]);
    expect(again.oldNode).toEqual([0, 2, -1]);
    expect(again.layers[0]!.nodes[2]).toEqual([FREE_SLOT, FREE_SLOT]);
    expect(() => survivors({ cluster, layers }, [1], [cluster[0]!])).toThrow(RangeError);
    expect(() => survivors({ cluster, layers }, [3])).toThrow(RangeError);
    expect(() => survivors({ cluster, layers }, [0, 1, 2])).toThrow(RangeError);
  });
});

describe.each(both)("reconfigure, %s mapping", (mapping) => {
  test("after the transfers every node holds exactly the new placement, round by round from old owners", () => {
    fc.assert(
      fc.property(recoverable, (it) => {
        const { placement, transfers, rounds } = run(it, mapping);
        const before = holdings(it.left);
        const after = before.map((set) => new Set(set));
        const busy = new Set<string>();
        for (const { layer, expert, from, to, round } of transfers) {
          expect(before[from]).toContain(`${layer} ${expert}`);
          expect(before[to]).not.toContain(`${layer} ${expert}`);
          expect(round >= 0 && round < rounds).toBe(true);
          busy.add(`${round} from ${from}`).add(`${round} to ${to}`);
          after[to]!.add(`${layer} ${expert}`);
        }
        expect(busy.size).toBe(2 * transfers.length);
        const wanted = holdings(placement);
        after.forEach((set, n) => {
          expect([...wanted[n]!].filter((held) => !set.has(held))).toEqual([]);
        });
        expect(transfers.map(({ round }) => round)).toEqual(transfers.map(({ round }) => round).sort((a, b) => a - b));
      }),
    );
  });

  test("the new placement is the plan with its nodes renamed, within their shape and, if asked, their domain", () => {
    fc.assert(
      fc.property(recoverable, fc.boolean(), (it, keepDomains) => {
        const { physicalNode, placement, transfers } = run(it, mapping, keepDomains);
        expect([...physicalNode].sort((a, b) => a - b)).toEqual([...it.left.cluster.keys()]);
        const missing = missingReplicas(it.left, { cluster: it.left.cluster, layers: it.plan }, keepDomains);
        expect(physicalNode.reduce((sum, node, part) => sum + missing[part * physicalNode.length + node]!, 0)).toBe(
          transfers.length,
        );
        physicalNode.forEach((node, part) => {
          const [a, b] = [it.left.cluster[part]!, it.left.cluster[node]!];
          expect([a.slots, a.gpus]).toEqual([b.slots, b.gpus]);
          if (keepDomains) expect(a.domain).toBe(b.domain);
          it.plan.forEach((layer, l) => {
            expect([...placement.layers[l]!.nodes[node]!].sort()).toEqual([...layer.nodes[part]!].sort());
          });
        });
      }),
    );
  });

  test("a plan that is in force already moves nothing", () => {
    fc.assert(
      fc.property(recoverable, ({ old }) => {
        const left = survivors(old, []);
        const result = reconfigure({ survivors: left, plan: old.layers, mapping, keepDomains: false });
        expect(result.transfers).toEqual([]);
        expect(result.placement).toEqual(old);
      }),
    );
  });
});

test("greedy gives plan nodes in order the free node that lacks least; optimal moves the least there is", () => {
  fc.assert(
    fc.property(recoverable, (it) => {
      const nodes = it.left.cluster.length;
      const missing = missingReplicas(it.left, { cluster: it.left.cluster, layers: it.plan }, false);
      const cost = (mapping: readonly number[]) => mapping.reduce((sum, node, part) => sum + missing[part * nodes + node]!, 0);
      const all = permutations(nodes).filter((mapping) => cost(mapping) < Infinity);
      expect(run(it, "optimal").transfers).toHaveLength(Math.min(...all.map(cost)));
      const lacking = (mapping: readonly number[]) => mapping.flatMap((node, part) => [missing[part * nodes + node]!, node]);
      const first = all.reduce((best, other) => {
        const [a, b] = [lacking(best), lacking(other)];
        const at = a.findIndex((value, i) => value !== b[i]);
        return at >= 0 && b[at]! < a[at]! ? other : best;
      });
      expect(run(it, "greedy").physicalNode).toEqual(first);
    }),
  );
});

test("senders are chosen and rounds scheduled so that the lower bound is met, and no other senders lower it", () => {
  const problems = fc.integer({ min: 2, max: 4 }).chain((nodes) =>
    fc.record({
      owners: fc.array(fc.uniqueArray(fc.nat(nodes - 1), { minLength: 1 }), { minLength: 1, maxLength: 6 }),
      to: fc.array(fc.nat(nodes - 1), { minLength: 6, maxLength: 6 }),
      domain: fc.array(fc.constantFrom("a", "b", undefined), { minLength: nodes, maxLength: nodes }),
    }),
  );
  fc.assert(
    fc.property(problems, ({ owners, to, domain }) => {
      const problem = {
        replica: Int32Array.from(owners.keys()),
        to: Int32Array.from(to.slice(0, owners.length)),
        owners,
        domain,
      };
      const { from, lowerBound } = chooseSources(problem);
      const busiest = (senders: readonly number[]) =>
        Math.max(...domain.flatMap((_, n) => [senders.filter((s) => s === n).length, problem.to.filter((t) => t === n).length]));
      let choices: number[][] = [[]];
      for (const set of owners) choices = choices.flatMap((chosen) => set.map((owner) => [...chosen, owner]));
      from.forEach((sender, i) => {
        expect(owners[i]).toContain(sender);
      });
      expect(busiest([...from])).toBe(lowerBound);
      expect(lowerBound).toBe(Math.min(...choices.map(busiest)));
    }),
    { numRuns: 150 },
  );
  fc.assert(
    fc.property(recoverable, (it) => {
      const { rounds, lowerBoundRounds } = run(it, "optimal");
      expect(rounds).toBe(lowerBoundRounds);
    }),
  );
});

test("an owner in the receiver's domain sends where that costs no round", () => {
  const { from } = chooseSources({
    replica: Int32Array.of(0, 0),
    to: Int32Array.of(2, 3),
    owners: [[0, 1]],
    domain: ["b", "a", "a", "b"],
  });
  expect([...from]).toEqual([1, 0]);
});

/** One layer by itself. */
function settle(node: ClusterNode, held: number[], planned: number[]): number[] {
  return settleSlots(node, { held, planned }, gpusOfParts(node, [{ held, planned }]));
}

describe("settleSlots", () => {
  test("keeps every expert of a single GPU in its old slot", () => {
    expect(settle({ name: "n", slots: 4, gpus: 1 }, [7, 3, 3, 5], [3, 9, 5, 3])).toEqual([9, 3, 3, 5]);
    expect(settle({ name: "n", slots: 3, gpus: 1 }, [1, FREE_SLOT, 2], [2, FREE_SLOT, FREE_SLOT])).toEqual([
      FREE_SLOT,
      FREE_SLOT,
      2,
    ]);
  });

  test("gives the plan's GPU parts to the GPUs that hold most of them", () => {
    expect(settle({ name: "n", slots: 4, gpus: 2 }, [1, 2, 3, 4], [4, 3, 2, 9])).toEqual([9, 2, 3, 4]);
  });

  test("what the plan puts on one GPU stays on one GPU", () => {
    const shapes = fc.constantFrom({ slots: 4, gpus: 2 }, { slots: 6, gpus: 3 }, { slots: 5, gpus: 2 });
    const content = fc.array(fc.integer({ min: -1, max: 5 }), { minLength: 6, maxLength: 6 });
    fc.assert(
      fc.property(shapes, content, content, (shape, before, after) => {
        const node = { name: "n", ...shape };
        const planned = after.slice(0, node.slots);
        const settled = settle(node, before.slice(0, node.slots), planned);
        const parts = (slots: number[]) =>
          Array.from({ length: node.gpus }, (_, gpu) =>
            slots.filter((expert, slot) => expert !== FREE_SLOT && Math.floor((slot * node.gpus) / node.slots) === gpu).sort(),
          )
            .map(String)
            .sort();
        expect(parts(settled)).toEqual(parts(planned));
      }),
    );
  });
});

test("GPUs of a node exchange what the plan puts on them in all layers or in none", () => {
  const cluster = uniformCluster(1, 4, 2);
  const layer = (id: number, slots: number[]) => {
    const experts = Math.max(...slots) + 1;
    return { layer: id, loads: new Array<number>(experts).fill(1), replicas: new Array<number>(experts).fill(1), nodes: [slots] };
  };
  const held = [layer(0, [0, 1, 2, 3]), layer(1, [0, 1, 2, FREE_SLOT])];
  const plan = [layer(0, [2, 3, 0, 1]), layer(1, [0, 1, 2, FREE_SLOT])];
  const { placement } = reconfigure({
    survivors: survivors({ cluster, layers: held }, []),
    plan,
    mapping: "optimal",
    keepDomains: false,
  });
  expect(placement.layers.map(({ nodes }) => nodes)).toEqual([[[0, 1, 2, 3]], [[2, FREE_SLOT, 0, 1]]]);
});

test("refuses a plan that does not fit the survivors", () => {
  const cluster = uniformCluster(3, 2);
  const rules = { minReplicas: 2, allocation: "lazarus", placement: "mro" } as const;
  const { layers } = placeLayers({ cluster, layers: [{ layer: 0, loads: [3, 1, 2] }], ...rules });
  const left = survivors({ cluster, layers }, []);
  const attempt =
    (plan: Placement["layers"], of = left) =>
    () =>
      reconfigure({ survivors: of, plan, mapping: "optimal", keepDomains: false });
  expect(attempt(layers)).not.toThrow();
  expect(attempt([])).toThrow(RangeError);
  expect(attempt([{ ...layers[0]!, layer: 1 }])).toThrow(RangeError);
  expect(attempt([{ ...layers[0]!, nodes: layers[0]!.nodes.slice(1) }])).toThrow(RangeError);
  expect(attempt([{ ...layers[0]!, nodes: layers[0]!.nodes.with(0, [0]) }])).toThrow("does not fit");
  expect(attempt([{ ...layers[0]!, nodes: [[0, 1], [2, 3], [0, 1]] }])).toThrow(RangeError); // biome-ignore format: rows
  expect(attempt(layers.slice(), survivors({ cluster, layers }, [0, 1]))).toThrow(RangeError);
});
