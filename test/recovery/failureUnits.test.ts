import { expect, test } from "vitest";
import { expectedFailures } from "../../src/core/placement/policy.ts";
import { clusterUnits, sharesDomains } from "../../src/core/recovery/failureUnits.ts";

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
