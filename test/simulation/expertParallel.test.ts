/** What a step costs in groups of nodes that hold one copy of all experts each. */
import { expect, test } from "vitest";
import type { ModelSpec } from "../../src/core/cost/modelSpec.ts";
import { expertParallelSystem } from "../../src/core/simulation/expertParallelSystem.ts";
import { busiestExperts, windowAt } from "../../src/core/simulation/loadSchedule.ts";
import { constantLoads, rtx3090, tinyModel } from "../support/simulation.ts";

const servers = { ...rtx3090, gpusPerNode: 1, nodesPerServer: 1 };

function costOf(model: Partial<ModelSpec>, hardware: Partial<typeof servers> = {}, computesPadding = false) {
  const system = expertParallelSystem({
    name: "groups",
    job: {
      model: { ...tinyModel, expertParallelNodes: 4, ...model } as ModelSpec,
      hardware: { ...servers, ...hardware },
      gradientAccumulation: 1,
    },
    faultTolerant: true,
    computesPadding,
  });
  const window = windowAt(constantLoads([4, 3, 2, 1], [1, 1, 1, 1]), 0);
  return system.start([0, 1, 2, 3], window)!.cost(window);
}

test("of the tokens, padded to the busiest expert's, those for other nodes travel; all of them where dispatch says so", () => {
  const padded = 4 * 0.4 + 1;
  expect(costOf({ dispatchIsAllRemote: false }).traffic).toBeCloseTo((padded * 3) / 4, 12);
  expect(costOf({ dispatchIsAllRemote: true }).traffic).toBeCloseTo(padded, 12);
});

test("ways within a server take as much less time as they have more bytes per second", () => {
  const within = servers.networkBytesPerSecond / servers.serverBytesPerSecond;
  // Two nodes a server: one peer of three is near.
  const { traffic } = costOf({ dispatchIsAllRemote: false }, { nodesPerServer: 2 });
  expect(traffic).toBeCloseTo(((4 * 0.4 + 1) * (2 + within)) / 4, 12);
});

test("one group synchronises no expert, and computes its padding only where it must", () => {
  const { compute, sync } = costOf({});
  expect(sync).toBe(0);
  expect(compute).toBeCloseTo(4 * 0.4 + 1, 12);
  // Two experts a node of two GPUs: a rank has experts 0 and 2 of the first layer's 4 + 2 tokens of 10.
  const two = { expertParallelNodes: 1 };
  expect(costOf(two, { gpusPerNode: 2 }).compute).toBeCloseTo(2 * 0.6 + 1, 12);
  expect(costOf(two, { gpusPerNode: 2 }, true).compute).toBeCloseTo(4 * 0.4 + 1, 12);
  // Four groups of one node: each of its four experts is summed over the four.
  expect(costOf(two).sync).toBeCloseTo((2 * 4 * 3) / 4, 12);
});

test("of a layer, as many of the busiest experts as are asked for, the busiest last; no more than it has", () => {
  expect(busiestExperts([5, 1, 9, 3], 3)).toEqual([3, 5, 9]);
  expect(busiestExperts([5, 1, 9, 3], 4)).toEqual([1, 3, 5, 9]);
  expect(() => busiestExperts([5, 1, 9, 3], 5)).toThrow(RangeError);
});
