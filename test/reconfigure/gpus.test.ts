import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { failedOf } from "../../src/commands/failedOption.ts";
import { joinedOf } from "../../src/commands/joinedOption.ts";
import { routedLayers } from "../../src/commands/routedLayers.ts";
import { lazarusDispatch } from "../../src/core/dispatch/lazarusDispatch.ts";
import { summarizeDispatch } from "../../src/core/dispatch/summary.ts";
import { type ClusterNode, firstRanks, gpuOfSlot, uniformCluster } from "../../src/core/layout/cluster.ts";
import { FREE_SLOT, type Placement, replicasByRank } from "../../src/core/layout/placement.ts";
import { planFigures } from "../../src/core/placement/assess.ts";
import { makePlacement } from "../../src/core/placement/makePlacement.ts";
import type { LoadProfile } from "../../src/core/profile/loadProfile.ts";
import { changeGpus, failuresOf, type NodeGpu } from "../../src/core/reconfigure/changeGpus.ts";
import { planRecovery } from "../../src/core/reconfigure/planRecovery.ts";
import { rehearsalOf } from "../../src/core/reconfigure/rehearsal.ts";
import { checkPlacement, placementOf } from "../../src/formats/documents/placement.ts";
import { namedNodes } from "../../src/formats/nodeLists/nodeReport.ts";
import { placementDocument } from "../../src/formats/placementDocument.ts";
import { encodePlan } from "../../src/formats/plans/encodePlan.ts";
import { few } from "../support/few.ts";
import { quickPolicy as policy } from "../support/policy.ts";

const cluster = uniformCluster(4, 8, 4);
const layers = [0, 1].map((layer) => ({ layer, loads: [90, 80, 31, 30, 12, 11, 5, 4] }));
const speed = { expertBytes: 1, bandwidth: 1, detectSeconds: 0, regroupSeconds: 0 };
const old = makePlacement(cluster, layers, policy);
const recover = (from: Placement, failedGpus: NodeGpu[], more: { failed?: number[]; joinedGpus?: NodeGpu[] } = {}) =>
  planRecovery({ old: from, madeBy: "resilient", failed: [], failedGpus, policy, speed, ...more });
const goesOn = (recovery: ReturnType<typeof recover>) => {
  if (!recovery.recoverable) throw new Error(recovery.because);
  return recovery;
};

/** "layer expert" by "node gpu". */
function byGpu({ cluster: nodes, layers: all }: Placement): Map<string, string[]> {
  const held = new Map<string, string[]>();
  for (const { layer, nodes: slots } of all) {
    slots.forEach((row, n) => {
      row.forEach((expert, slot) => {
        const gpu = `${n} ${gpuOfSlot(nodes[n]!, slot)}`;
        held.set(gpu, [...(held.get(gpu) ?? []), ...(expert === FREE_SLOT ? [] : [`${layer} ${expert}`])]);
      });
    });
  }
  return held;
}

const someGpus = fc.uniqueArray(fc.record({ node: fc.nat(3), gpu: fc.nat(3) }), {
  selector: ({ node, gpu }) => node * 4 + gpu,
  maxLength: 9,
});

test("GPUs take what they hold along and leave the rest where it is; they come back empty, in their old places", () => {
  fc.assert(
    fc.property(someGpus, someGpus, (first, second) => {
      const one = failuresOf(cluster, [], first);
      fc.pre(one.failed.length === 0);
      const once = changeGpus(old, one.failedGpus);
      const two = failuresOf(once.cluster, [], second);
      fc.pre(two.failed.length === 0);
      const twice = changeGpus(once, two.failedGpus);
      const gone = new Set([...first, ...second].map(({ node, gpu }) => `${node} ${gpu}`));
      const kept = new Map([...byGpu(old)].filter(([gpu]) => !gone.has(gpu)));
      expect(byGpu(twice)).toEqual(kept);
      const all = [...one.failedGpus, ...two.failedGpus];
      const back = changeGpus(twice, [], all);
      expect(back.cluster).toEqual(cluster);
      expect([...byGpu(back)].filter(([, held]) => held.length > 0)).toEqual([...kept]);
    }),
    few(30),
  );
});

describe("recovery from failed GPUs", () => {
  test("loses the experts that no live GPU holds, and no others", () => {
    fc.assert(
      fc.property(someGpus, (failedGpus) => {
        const gone = new Set(failedGpus.map(({ node, gpu }) => `${node} ${gpu}`));
        const left = new Set([...byGpu(old)].flatMap(([gpu, held]) => (gone.has(gpu) ? [] : held)));
        const lost = layers.flatMap(({ layer, loads }) => loads.flatMap((_, e) => (left.has(`${layer} ${e}`) ? [] : [e])));
        const recovery = recover(old, failedGpus);
        expect(recovery.recoverable ? [] : recovery.lost.map(({ expert }) => expert)).toEqual(lost);
        if (!recovery.recoverable) return;
        const { placement } = recovery;
        const first = firstRanks(placement.cluster);
        const dead = placement.cluster.flatMap(({ deadGpus = [] }, n) => deadGpus.map((gpu) => first[n]! + gpu));
        const used = placement.layers.flatMap((layer) => replicasByRank(placement.cluster, layer).flat());
        expect(used.filter(([rank]) => dead.includes(rank))).toEqual([]);
        expect(dead).toHaveLength(recovery.survivors.cluster.reduce((sum, { deadGpus = [] }) => sum + deadGpus.length, 0));
      }),
      few(15),
    );
  });

  test("all GPUs of a node are the node, at once or one after the other", () => {
    const all = [0, 1, 2, 3].map((gpu) => ({ node: 2, gpu }));
    const node = recover(old, [], { failed: [2] });
    expect(recover(old, all)).toEqual(node);
    expect(recover(old, all.slice(1), { failed: [2] })).toEqual(node);
    const crippled = changeGpus(old, all.slice(0, 3));
    expect(recover(crippled, all.slice(3))).toEqual(recover(crippled, [], { failed: [2] }));
    expect(
      recover(
        old,
        [0, 1, 2, 3].flatMap((n) => all.map(({ gpu }) => ({ node: n, gpu }))),
      ),
    ).toMatchObject({
      because: "every node failed",
    });
  });

  test("a second GPU of a node fails, both come back", () => {
    const one = goesOn(recover(old, [{ node: 1, gpu: 2 }]));
    expect(one.placement.cluster[1]).toEqual({ name: "node1", slots: 6, gpus: 4, deadGpus: [2] });
    expect(one.figures.byUnit.gpu?.recovery.failures).toHaveLength(15);
    const two = goesOn(recover(one.placement, [{ node: 1, gpu: 0 }]));
    expect(two.placement.cluster[1]).toEqual({ name: "node1", slots: 4, gpus: 4, deadGpus: [0, 2] });
    const back = goesOn(recover(two.placement, [], { joinedGpus: [0, 2].map((gpu) => ({ node: 1, gpu })) }));
    expect(back.placement.cluster).toEqual(cluster);
    // A GPU may be replaced the moment it fails.
    const replaced = goesOn(recover(old, [{ node: 1, gpu: 2 }], { joinedGpus: [{ node: 1, gpu: 2 }] }));
    expect(replaced.placement.cluster).toEqual(cluster);
  });

  test("a rehearsal starts from what live GPUs hold", () => {
    const { survivors, change } = goesOn(recover(old, [{ node: 1, gpu: 2 }]));
    const { nodes } = rehearsalOf(old, survivors, change);
    const left = changeGpus(old, [{ node: 1, gpu: 2 }]);
    const held = [...byGpu(left)].filter(([gpu]) => gpu.startsWith("1 ")).flatMap(([, names]) => names);
    expect([...nodes[1]!.holds].sort()).toEqual([...new Set(held)].map((name) => name.replace(" ", "/")).sort());
    expect(nodes.every(({ fails }) => !fails)).toBe(true);
  });

  test("where GPUs fail one by one, what is left is repaired on GPUs", () => {
    const gpu = { ...policy, failureUnit: "gpu" as const };
    const made = makePlacement(cluster, layers, gpu);
    const recovery = planRecovery({
      old: made,
      madeBy: "resilient",
      failed: [],
      failedGpus: [{ node: 0, gpu: 3 }],
      policy: gpu,
      speed,
    });
    if (!recovery.recoverable) throw new Error(recovery.because);
    const { placement } = recovery;
    for (const layer of placement.layers)
      for (const copies of replicasByRank(placement.cluster, layer)) expect(copies.length).toBeGreaterThanOrEqual(2);
    expect(recovery.figures.byUnit.gpu!.recovery.tolerates).toBeGreaterThanOrEqual(1);
  });

  test("a GPU of a node whose slots are no multiple of its GPUs cannot fail by itself; one that is alive cannot join", () => {
    const odd = makePlacement(uniformCluster(4, 9, 4), layers, policy);
    expect(() => recover(odd, [{ node: 1, gpu: 0 }])).toThrow("let the whole node fail");
    expect(() => recover(old, [], { joinedGpus: [{ node: 1, gpu: 0 }] })).toThrow("is alive");
    expect(() => recover(old, [{ node: 1, gpu: 4 }])).toThrow(RangeError);
  });
});

test("dead GPUs come through a document, and are refused where they make no sense or a format cannot hold them", () => {
  const { placement } = goesOn(recover(old, [{ node: 1, gpu: 2 }]));
  const document = placementDocument(placement, policy, planFigures(placement, policy));
  const read = checkPlacement(JSON.parse(JSON.stringify(document)), "plan.json");
  expect(placementOf(read).cluster).toEqual(placement.cluster);
  expect(Object.keys(read.recovery!.byUnit!)).toEqual(["gpu", "node"]);
  expect(read.recovery!.byUnit!.gpu!.count).toBe(15);
  for (const [deadGpus, says] of [
    [[4], "expected GPUs of 0 to 3"],
    [[2, 1], "ascending"],
    [[0, 1, 2, 3], "all GPUs are dead; expected 0 slots"],
    [[], "deadGpus"],
    [[0, 1], "live GPUs"],
  ] as const) {
    const nodes = document.nodes.map((node, n) =>
      n === 1 ? { ...node, slots: deadGpus.length === 2 ? 7 : node.slots, deadGpus } : node,
    );
    expect(() => checkPlacement({ ...JSON.parse(JSON.stringify(document)), nodes }, "plan.json")).toThrow(says);
  }
  const settings = { layerBase: 0, denseLayers: 0, layerUpdatesPerIteration: 0 };
  // The map of vLLM has slots of -1 for ranks that are dead.
  for (const system of ["sglang", "ascend", "trtllm"] as const)
    expect(() => encodePlan(document, system, settings)).toThrow("GPU 2 of node1 is dead");
});

test("dead ranks send and receive nothing, and the mean is that of the live ones", () => {
  const { placement } = goesOn(recover(old, [{ node: 1, gpu: 2 }]));
  for (const { replicas, routing } of routedLayers(placement, undefined, undefined)) {
    const { load, sent, maxOverMean } = summarizeDispatch(lazarusDispatch(routing, replicas), 1);
    const total = load.reduce((sum, tokens) => sum + tokens, 0);
    expect(load[6]).toBe(0);
    expect(sent.subarray(6 * 16, 7 * 16).every((tokens) => tokens === 0)).toBe(true);
    expect(total).toBe(263);
    expect(maxOverMean).toBeCloseTo((Math.max(...load) * 15) / total, 12);
  }
  const byRank = Array.from({ length: 16 }, () => layers[0]!.loads);
  const profile = { experts: 8, layers: [{ layer: 0, loads: [], byRank }] } as unknown as LoadProfile;
  expect(() => [...routedLayers(placement, [0], { profile, file: "log.csv" })]).toThrow("tokens from rank 6");
});

describe("names of GPUs", () => {
  const failedNamed = (of: readonly ClusterNode[], ...names: string[]) =>
    failedOf(
      of,
      { ...namedNodes(names), option: "failed", file: undefined, instances: false },
      { gone: [], missing: undefined, rejoin: false },
    );
  const nodes = [...cluster, { name: "node1:9", slots: 8, gpus: 4 }];

  test("are a node and its GPU, or several; a node's own name comes first", () => {
    expect(failedNamed(nodes, "node2", "node0:3", "node1:0-1", "node1:9")).toMatchObject({
      failed: [2, 4],
      failedGpus: [
        { node: 0, gpu: 3 },
        { node: 1, gpu: 0 },
        { node: 1, gpu: 1 },
      ],
    });
    expect(joinedOf(changeGpus(old, [{ node: 1, gpu: 2 }]).cluster, ["new", "node1:2"], [])).toEqual({
      joined: ["new"],
      joinedGpus: [{ node: 1, gpu: 2 }],
    });
  });

  test("are refused where there is no such GPU, or it is alive", () => {
    expect(() => failedNamed(cluster, "node1:4")).toThrow('there is no GPU "node1:4"; node1 has GPUs 0 to 3');
    expect(() => failedNamed(cluster, "node9:1")).toThrow('there is no node "node9:1"');
    expect(() => failedNamed(cluster, "node1:3-1")).toThrow("the range falls");
    expect(() => joinedOf(cluster, ["node1:2"], [])).toThrow("GPU 2 of node1 is alive already");
    expect(() => joinedOf(cluster, ["node1:7"], [])).toThrow("there is no GPU");
    expect(() => joinedOf(cluster, ["node9:1"], [])).toThrow('there is no node "node9"');
    expect(joinedOf(cluster, ["node1:2"], [{ node: 1, gpu: 2 }]).joinedGpus).toHaveLength(1);
  });
});
