import { expect, test } from "vitest";
import { expectedFailures } from "../../src/core/placement/policy.ts";
import {
  clusterUnits,
  type FailureUnit,
  failureUnits,
  hostsByUnit,
  recoveryUnder,
  sharesDomains,
  survivalUnder,
} from "../../src/core/recovery/failureUnits.ts";

const nodes = (...domains: (string | undefined)[]) =>
  domains.map((domain, n) => ({ name: `n${n}`, slots: 1, gpus: 1, ...(domain !== undefined && { domain }) }));

test("nodes of one domain are one unit, and a node of none is a unit of its own", () => {
  const units = clusterUnits(nodes("a", undefined, "b", "a", undefined, "b"), "domain");
  expect(units).toEqual({ unitOfNode: [0, 1, 2, 0, 3, 2], count: 4 });
});

test("domains are shared where two nodes are in one", () => {
  expect(sharesDomains(nodes("a", "b", undefined))).toBe(false);
  expect(sharesDomains(nodes(undefined, undefined))).toBe(false);
  expect(sharesDomains(nodes("a", "b", "a"))).toBe(true);
});

test("a search expects the failures that it is told, short of none and of all", () => {
  expect(expectedFailures({ failureUnit: "domain", failureProbability: 0.3 })).toEqual({ unit: "domain", probability: 0.3 });
  const none = expectedFailures({ failureUnit: "node", failureProbability: 0 }).probability;
  const all = expectedFailures({ failureUnit: "node", failureProbability: 1 }).probability;
  expect(none).toBeGreaterThan(0);
  expect(none).toBeLessThan(1e-6);
  expect(all).toBeLessThan(1);
  expect(all).toBeGreaterThan(1 - 1e-6);
});

test("GPUs are units like nodes where each node has one alive, and of no number of their own elsewhere", () => {
  const cluster = [
    { name: "a", slots: 2, gpus: 1 },
    { name: "b", slots: 2, gpus: 3, deadGpus: [0, 2] },
  ];
  expect(clusterUnits(cluster, "gpu")).toEqual({ unitOfNode: [0, 1], count: 2 });
  expect(() => clusterUnits([{ name: "a", slots: 2, gpus: 2 }], "gpu")).toThrow(RangeError);
});

test("units fail as likely as said, or one in all; never surely, nor never", () => {
  const cluster = nodes("a", "b", "a", "b");
  expect(failureUnits(cluster, { unit: "domain" })).toEqual({ unitOfNode: [0, 1, 0, 1], count: 2, probability: 0.5 });
  expect(failureUnits(cluster, { unit: "node", probability: 0.2 })).toMatchObject({ count: 4, probability: 0.2 });
  for (const probability of [0, 1, -1, 2, Number.NaN]) {
    expect(() => failureUnits(cluster, { unit: "node", probability })).toThrow(RangeError);
  }
});

test("survival of two domains: both experts of both layers live unless one's domains fail", () => {
  const cluster = nodes("a", "b", "a", "b");
  const hosts = [[[0, 1], [0, 2]], [[2, 3], [1]]]; // biome-ignore format: a picture
  const units = failureUnits(cluster, { unit: "domain", probability: 0.3 });
  // {a, b}, {a}, {a, b}, {b}: both have to live.
  expect(survivalUnder(hosts, units, 0)).toBeCloseTo(0.49, 12);
  expect(recoveryUnder(hosts, units, 0).failures.map(({ probability }) => probability)).toEqual([0, 0]);
  const layers = [{ layer: 0, loads: [1, 1], replicas: [2, 2], nodes: [[0], [1], [1], [0]] }];
  const by = (unit: FailureUnit) => hostsByUnit({ cluster, layers }, unit);
  expect(by("domain")).toEqual({ count: 2, hostSets: [[0, 1], [0, 1]] }); // biome-ignore format: a picture
  expect(by("node")).toEqual({ count: 4, hostSets: [[0, 3], [1, 2]] }); // biome-ignore format: a picture
  expect(by("gpu")).toEqual(by("node"));
});
