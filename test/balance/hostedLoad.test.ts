import { expect, test } from "vitest";
import { hostedLoads } from "../../src/core/balance/hostedLoad.ts";

test("every node needs a GPU at least, and experts need nodes that exist", () => {
  for (const gpus of [[], [0, 1], [1, 0], [1, 0.5]]) expect(() => hostedLoads([[0]], [1], gpus)).toThrow(RangeError);
  for (const hosts of [[2], [-1], [0, 2], [0.5]]) expect(() => hostedLoads([hosts], [1], [1, 1])).toThrow(RangeError);
  expect(() => hostedLoads([[0]], [1, 1], [1])).toThrow(RangeError);
});
