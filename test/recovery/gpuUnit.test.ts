import fc from "fast-check";
import { expect, test } from "vitest";
import { type ClusterNode, gpuOfSlot } from "../../src/core/layout/cluster.ts";
import { countReplicas, FREE_SLOT, type Placement } from "../../src/core/layout/placement.ts";
import { hostsByUnit, unitsOf } from "../../src/core/recovery/failureUnits.ts";
import { recoveryProbabilities } from "../../src/core/recovery/recoveryProbabilities.ts";

const shapes = [
  { slots: 2, gpus: 1 },
  { slots: 4, gpus: 2 },
  { slots: 3, gpus: 2 },
  { slots: 2, gpus: 3, deadGpus: [1] },
  { slots: 2, gpus: 3, deadGpus: [0, 2] },
];

/** Placements of one or two layers in which experts without a slot wait in host memory. */
function placements(nodes: fc.Arbitrary<(typeof shapes)[number]>[]): fc.Arbitrary<Placement> {
  const experts = 4;
  return fc
    .record({
      cluster: fc.tuple(...nodes),
      content: fc.array(fc.integer({ min: FREE_SLOT, max: experts - 1 }), { minLength: 32, maxLength: 32 }),
      keepers: fc.array(fc.nat(nodes.length - 1), { minLength: 1, maxLength: 2 }),
    })
    .map(({ cluster: drawn, content, keepers }) => {
      const cluster: ClusterNode[] = drawn.map((shape, n) => ({ name: `n${n}`, ...shape }));
      let next = 0;
      const layers = [0, 3].map((layer) => {
        const held = cluster.map(({ slots }) => Array.from({ length: slots }, () => content[next++]!));
        return { layer, loads: [1, 1, 1, 1], replicas: countReplicas(experts, held), nodes: held };
      });
      const spilled = layers.flatMap(({ layer, replicas }) =>
        replicas.flatMap((copies, expert) =>
          copies > 0 ? [] : [{ layer, expert, nodes: [...new Set(keepers)].sort((a, b) => a - b) }],
        ),
      );
      return { cluster, layers, spilled };
    });
}

/** Whether every expert is left when GPUs, written "node gpu", are dead. */
function survives({ cluster, layers, spilled = [] }: Placement, dead: ReadonlySet<string>): boolean {
  return layers.every(({ layer, loads, nodes }) =>
    loads.every((_, expert) => {
      const inSlot = nodes.some((held, n) => {
        return held.some((other, slot) => other === expert && !dead.has(`${n} ${gpuOfSlot(cluster[n]!, slot)}`));
      });
      const keepers = spilled.find((kept) => kept.layer === layer && kept.expert === expert)?.nodes ?? [];
      return inSlot || keepers.some((n) => gpusOf(cluster[n]!, n).some((gpu) => !dead.has(gpu)));
    }),
  );
}

function gpusOf({ gpus, deadGpus = [] }: ClusterNode, n: number): string[] {
  return Array.from({ length: gpus }, (_, gpu) => gpu).flatMap((gpu) => (deadGpus.includes(gpu) ? [] : [`${n} ${gpu}`]));
}

const probabilities = (placement: Placement, unit: "gpu" | "node") => {
  const { hostSets, count } = hostsByUnit(placement, unit);
  return recoveryProbabilities(hostSets, count);
};

test("recovery from failing GPUs is that of all sets of live GPUs", () => {
  const any = fc.constantFrom(...shapes);
  fc.assert(
    fc.property(placements([any, any, any]), (placement) => {
      const live = placement.cluster.flatMap(gpusOf);
      const survived = new Float64Array(live.length + 1);
      const sets = new Float64Array(live.length + 1);
      for (let bits = 0; bits < 2 ** live.length; bits++) {
        const dead = new Set(live.filter((_, i) => (bits >> i) & 1));
        sets[dead.size]!++;
        if (survives(placement, dead)) survived[dead.size]!++;
      }
      const { failures } = probabilities(placement, "gpu");
      expect(failures).toHaveLength(live.length);
      for (const { failed, probability } of failures) expect(probability).toBeCloseTo(survived[failed]! / sets[failed]!, 12);
    }),
    { numRuns: 60 },
  );
});

// k GPUs are on k nodes at most, which are drawn uniformly where nodes are alike.
test("k failed GPUs of nodes that are alike are survived at least as often as k failed nodes", () => {
  const alike = fc.constantFrom(...shapes).chain((shape) => placements([1, 2, 3].map(() => fc.constant(shape))));
  fc.assert(
    fc.property(alike, (placement) => {
      const [gpus, nodes] = [probabilities(placement, "gpu"), probabilities(placement, "node")];
      for (const { failed, probability } of nodes.failures)
        expect(gpus.failures[failed - 1]!.probability).toBeGreaterThanOrEqual(probability - 1e-12);
    }),
  );
});

test("as many failed GPUs as failed nodes are tolerated, whatever the nodes", () => {
  const any = fc.constantFrom(...shapes);
  fc.assert(
    fc.property(placements([any, any, any]), (placement) => {
      expect(probabilities(placement, "gpu").tolerates).toBeGreaterThanOrEqual(probabilities(placement, "node").tolerates);
    }),
  );
});

test("a cluster has GPUs to fail where a node has several live ones, and domains where nodes share one", () => {
  const node = (gpus: number, more: Partial<ClusterNode> = {}) => ({ name: "n", slots: 2, gpus, ...more });
  expect(unitsOf([node(1), node(1)])).toEqual(["node"]);
  expect(unitsOf([node(2, { deadGpus: [0] }), node(1)])).toEqual(["node"]);
  expect(unitsOf([node(1), node(2)])).toEqual(["gpu", "node"]);
  expect(unitsOf([node(1024), node(1024), node(1024), node(1024)])).toEqual(["gpu", "node"]);
  expect(unitsOf([node(1024), node(1024), node(1024), node(1024), node(1)])).toEqual(["node"]);
  expect(unitsOf([node(1, { domain: "a" }), node(1, { domain: "a" })])).toEqual(["node", "domain"]);
});
