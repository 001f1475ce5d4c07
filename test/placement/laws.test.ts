/** A sample of what `npm run laws` looks at. */
import { expect, test } from "vitest";
import { randomSource } from "../../src/core/algorithms/random.ts";
import { resilientPlacement } from "../../src/core/placement/resilient/resilientPlacement.ts";
import { brokenLaws, randomInstance } from "../../src/dev/brokenLaws.ts";

test("on random instances no law breaks by more than the tolerance", () => {
  const random = randomSource(11);
  const instances = Array.from({ length: 6 }, (_, i) => randomInstance(i, random));
  // The fifth has 112 GPUs of two slots, and takes as long as 20 others.
  expect(instances.toSpliced(4, 1).flatMap(brokenLaws)).toEqual([]);
});

test("where a search breaks the limit, one more slot on every GPU loses no more", () => {
  const random = randomSource(7);
  const instances = Array.from({ length: 123 }, (_, i) => randomInstance(i, random));
  const { cluster, layers, shares } = instances[122]!;
  const lost = (nodes: typeof cluster) => {
    const options = { shares, balanceSlack: 0.05, effort: "fast" } as const;
    const placed = resilientPlacement({ cluster: nodes, layers, minReplicas: 2 }, options);
    expect(placed.withinBalanceLimit).toBe(true);
    return 1 - placed.survival;
  };
  const roomier = cluster.map((node) => ({ ...node, slots: node.slots + 1 }));
  expect(lost(roomier)).toBeLessThanOrEqual(lost(cluster));
});
