import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { uniformCluster } from "../../src/core/layout/cluster.ts";
import { countReplicas } from "../../src/core/layout/placement.ts";
import { type EplbShape, eplbPlacement } from "../../src/core/placement/eplb/eplbPlacement.ts";
import { placeEplb } from "../../src/core/placement/eplb/placeEplb.ts";
import { haveSharedData, sharedData, withoutSharedData } from "../support/lazarus.ts";

const publishedLoads = [
  [90, 132, 40, 61, 104, 165, 39, 4, 73, 56, 183, 86],
  [20, 107, 104, 64, 19, 197, 187, 157, 172, 86, 16, 27],
];
const publishedShape = { slots: 16, groups: 4, nodes: 2, gpus: 8 };

test("the example that DeepSeek publishes with its balancer", () => {
  const placed = eplbPlacement(publishedLoads, publishedShape);
  expect(placed.policy).toBe("hierarchical");
  expect(placed.physicalToLogical).toEqual([
    [5, 6, 5, 7, 8, 4, 3, 4, 10, 9, 10, 2, 0, 1, 11, 1],
    [7, 10, 6, 8, 6, 11, 8, 9, 2, 4, 5, 1, 5, 0, 3, 1],
  ]);
  expect(placed.replicas).toEqual(placed.physicalToLogical.map((slots) => countReplicas(12, [slots])));
});

test("a load of -0 is one of 0", () => {
  const loads = [5, 0, 0, 3, 0, 0, 2, 0];
  for (let expert = 0; expert < loads.length; expert++) {
    if (loads[expert] !== 0) continue;
    expect(eplbPlacement([loads.with(expert, -0)], { slots: 12, groups: 4, nodes: 2, gpus: 4 })).toEqual(
      eplbPlacement([loads], { slots: 12, groups: 4, nodes: 2, gpus: 4 }),
    );
  }
});

interface Recorded {
  input: { weight: number[][]; num_replicas: number; num_groups: number; num_nodes: number; num_gpus: number };
  phy2log: number[][];
  logcnt: number[][];
  log2phy_sha256_int64le: string;
}

/** Hash of the tensor that EPLB returns: slots of each replica, filled up with -1, as 64-bit integers. */
function hashOf(logicalToPhysical: readonly number[][][]): string {
  const widest = Math.max(...logicalToPhysical.flat().map((slots) => slots.length));
  const filled = logicalToPhysical.flat().flatMap((slots) => [...slots, ...new Array<number>(widest - slots.length).fill(-1)]);
  return createHash("sha256")
    .update(Buffer.from(BigInt64Array.from(filled, BigInt).buffer))
    .digest("hex");
}

describe.skipIf(!haveSharedData)(`recorded runs of EPLB${haveSharedData ? "" : ` (skipped: ${withoutSharedData})`}`, () => {
  const folder = `${sharedData}/eplb`;
  const files = haveSharedData ? readdirSync(folder).filter((name) => name.endsWith(".json.gz")) : [];
  test.each(files)("%s", (name) => {
    const recorded = JSON.parse(gunzipSync(readFileSync(`${folder}/${name}`)).toString()) as Recorded;
    const { weight, num_replicas: slots, num_groups: groups, num_nodes: nodes, num_gpus: gpus } = recorded.input;
    const placed = eplbPlacement(weight, { slots, groups, nodes, gpus });
    expect(placed.policy).toBe(groups % nodes === 0 ? "hierarchical" : "global");
    expect(placed.physicalToLogical).toEqual(recorded.phy2log);
    expect(placed.replicas).toEqual(recorded.logcnt);
    expect(hashOf(placed.logicalToPhysical)).toBe(recorded.log2phy_sha256_int64le);
  });
});

/** EPLB as its description reads, with scans where the product has heaps and packed sort keys. */
function eplbByScanning(loads: readonly number[], { slots, groups, nodes, gpus }: EplbShape): number[] {
  const pack = (weights: readonly number[], packs: number): number[][] => {
    const members: number[][] = Array.from({ length: packs }, () => []);
    const sums = new Float32Array(packs);
    const size = weights.length / packs;
    if (size === 1) return weights.map((_, item) => [item]);
    const order = weights.map((_, item) => item).sort((a, b) => (weights[b] as number) - (weights[a] as number));
    for (const item of order) {
      const open = members.flatMap((list, i) => (list.length < size ? [i] : []));
      const lightest = open.reduce((best, i) => ((sums[i] as number) < (sums[best] as number) ? i : best));
      members[lightest]?.push(item);
      sums[lightest] = (sums[lightest] as number) + (weights[item] as number);
    }
    return members;
  };
  const weights = [...Float32Array.from(loads)];
  const size = weights.length / groups;
  const groupSums = new Float32Array(groups);
  weights.forEach((weight, expert) => {
    groupSums[Math.floor(expert / size)] = (groupSums[Math.floor(expert / size)] as number) + weight;
  });
  return pack([...groupSums], nodes).flatMap((members) => {
    const local = members.flatMap((group) => Array.from({ length: size }, (_, i) => group * size + i));
    const made = [...local];
    const share = (expert: number) => Math.fround((weights[expert] as number) / made.filter((e) => e === expert).length);
    while (made.length < slots / nodes) made.push(local.reduce((best, e) => (share(e) > share(best) ? e : best)));
    return pack(made.map(share), gpus / nodes).flatMap((list) => list.map((replica) => made[replica] as number));
  });
}

const load = fc.oneof(fc.constant(0), fc.nat(3), fc.nat(1000), fc.float({ min: 0, max: 8, noNaN: true }), fc.nat(2 ** 31));
const instance = fc
  .record({
    nodes: fc.integer({ min: 1, max: 3 }),
    groupsPerNode: fc.integer({ min: 1, max: 3 }),
    groupSize: fc.integer({ min: 1, max: 3 }),
    gpusPerNode: fc.integer({ min: 1, max: 4 }),
    spare: fc.nat(2),
  })
  .chain(({ nodes, groupsPerNode, groupSize, gpusPerNode, spare }) => {
    const experts = nodes * groupsPerNode * groupSize;
    const slotsPerGpu = Math.ceil((groupsPerNode * groupSize) / gpusPerNode) + spare;
    const gpus = nodes * gpusPerNode;
    return fc.record({
      loads: fc.array(load, { minLength: experts, maxLength: experts }),
      shape: fc.constant({ slots: gpus * slotsPerGpu, groups: nodes * groupsPerNode, nodes, gpus }),
    });
  });

test("heaps and packed keys choose what scans choose", () => {
  fc.assert(
    fc.property(instance, ({ loads, shape }) => {
      const placed = eplbPlacement([loads], shape);
      expect(placed.physicalToLogical).toEqual([eplbByScanning(loads, shape)]);
      placed.logicalToPhysical[0]?.forEach((slots, expert) => {
        expect(slots).toHaveLength(placed.replicas[0]?.[expert] as number);
        for (const slot of slots) expect(placed.physicalToLogical[0]?.[slot]).toBe(expert);
      });
    }),
    { numRuns: 150 },
  );
});

test("groups that do not divide among the nodes do not matter", () => {
  const global = eplbPlacement(publishedLoads, { ...publishedShape, groups: 3 });
  expect(global.policy).toBe("global");
  expect(global.physicalToLogical).toEqual(
    eplbPlacement(publishedLoads, { ...publishedShape, groups: 1, nodes: 1 }).physicalToLogical,
  );
});

test("as a placement policy, slots lie on nodes in rank order", () => {
  const layers = publishedLoads.map((loads, layer) => ({ layer, loads }));
  const placed = placeEplb({ cluster: uniformCluster(2, 8, 4), layers, groups: 4 });
  const { physicalToLogical, replicas } = eplbPlacement(publishedLoads, publishedShape);
  expect(placed.map(({ nodes }) => nodes.flat())).toEqual(physicalToLogical);
  expect(placed.map((layer) => layer.replicas)).toEqual(replicas);
  expect(placed.map(({ nodes }) => nodes.map((slots) => slots.length))).toEqual([
    [8, 8],
    [8, 8],
  ]);
});

test("what does not divide is refused with the reason", () => {
  const place =
    (shape: Partial<EplbShape>, loads: number[][] = publishedLoads) =>
    () =>
      eplbPlacement(loads, { ...publishedShape, ...shape });
  expect(place({ slots: 15 })).toThrow("slots must divide evenly among the GPUs: 15 slots, 8 GPUs");
  expect(place({ gpus: 4, nodes: 3, groups: 3, slots: 12 })).toThrow("GPUs must divide evenly among the nodes: 4 GPUs, 3 nodes");
  expect(place({ groups: 8 })).toThrow("experts must divide evenly among the groups: 12 experts, 8 groups");
  expect(place({ slots: 8 })).toThrow("12 experts do not fit into 8 slots: 4 are missing");
  expect(place({ gpus: 0 })).toThrow("gpus must be a positive whole number, got 0");
  expect(place({}, [[]])).toThrow("a layer must have at least one expert");
  for (const bad of [-1, Number.NaN, Infinity, 1e39]) {
    expect(place({}, [[bad, ...(publishedLoads[0] as number[]).slice(1)]])).toThrow(`got ${bad}`);
  }
  const unlike = [...uniformCluster(1, 8, 4), { name: "small", slots: 4, gpus: 4 }];
  expect(() => placeEplb({ cluster: unlike, layers: [], groups: 1 })).toThrow("small has 4 slots on 4 GPUs");
  const otherGpus = [{ name: "few", slots: 8, gpus: 2 }, ...uniformCluster(1, 8, 4)];
  expect(() => placeEplb({ cluster: otherGpus, layers: [], groups: 1 })).toThrow(
    "few has 8 slots on 2 GPUs, node0 has 8 slots on 4 GPUs",
  );
  expect(() => placeEplb({ cluster: [], layers: [], groups: 1 })).toThrow("at least one node");
});
