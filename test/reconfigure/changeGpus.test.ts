import { expect, test } from "vitest";
import { FREE_SLOT } from "../../src/core/layout/placement.ts";
import { changeGpus, failuresOf } from "../../src/core/reconfigure/changeGpus.ts";

test("failures are told once, in order, without GPUs that are dead already or go with their nodes", () => {
  const nodes = [
    { name: "a", slots: 4, gpus: 4, deadGpus: [1] },
    { name: "b", slots: 4, gpus: 2 },
    { name: "c", slots: 2, gpus: 2, deadGpus: [0] },
    { name: "d", slots: 3, gpus: 3 },
  ];
  const said = (...gpus: [node: number, gpu: number][]) => gpus.map(([node, gpu]) => ({ node, gpu }));
  expect(failuresOf(nodes, [], said([3, 2], [0, 3], [3, 0], [0, 1], [0, 3]))).toEqual({
    failed: [],
    failedGpus: said([0, 3], [3, 0], [3, 2]),
  });
  expect(failuresOf(nodes, [3, 1], said([1, 0], [2, 1], [0, 0]))).toEqual({ failed: [1, 2, 3], failedGpus: said([0, 0]) });
  expect(failuresOf(nodes, [])).toEqual({ failed: [], failedGpus: [] });
  for (const [node, gpu] of [[0, 4], [0, -1], [0, 0.5], [4, 0]] as const) // biome-ignore format: a picture
    expect(() => failuresOf(nodes, [], [{ node, gpu }])).toThrow(`node ${node} has no GPU ${gpu}`);
});

test("one GPU of two dies, another comes back, and the rest is as it was", () => {
  const nodes = [
    { name: "a", slots: 4, gpus: 3, deadGpus: [1] },
    { name: "b", slots: 3, gpus: 2 },
    { name: "c", slots: 4, gpus: 2, domain: "rack" },
  ];
  const held = [[0, 1, 2, 3], [4, 0, 1], [0, 1, 2, 3]]; // biome-ignore format: a picture
  const before = { cluster: nodes, layers: [{ layer: 5, loads: [1, 2, 3, 4, 5], replicas: [3, 3, 2, 2, 1], nodes: held }] };
  expect(changeGpus(before, [])).toBe(before);
  const after = changeGpus(before, [{ node: 0, gpu: 2 }, { node: 2, gpu: 0 }], [{ node: 0, gpu: 1 }]); // biome-ignore format: a picture
  expect(after.cluster).toEqual([
    { name: "a", slots: 4, gpus: 3, deadGpus: [2] },
    nodes[1],
    { name: "c", slots: 2, gpus: 2, domain: "rack", deadGpus: [0] },
  ]);
  expect(after.layers).toEqual([
    { layer: 5, loads: [1, 2, 3, 4, 5], replicas: [2, 2, 1, 1, 1], nodes: [[0, 1, FREE_SLOT, FREE_SLOT], [4, 0, 1], [2, 3]] },
  ]); // biome-ignore format: a picture
  const all = changeGpus(before, [], [{ node: 0, gpu: 1 }]);
  expect(all.cluster[0]).toEqual({ name: "a", slots: 6, gpus: 3 });
  expect(all.layers[0]!.nodes[0]).toEqual([0, 1, FREE_SLOT, FREE_SLOT, 2, 3]);
  expect(() => changeGpus(before, [{ node: 1, gpu: 0 }])).toThrow("b has 3 slots on 2 GPUs");
  expect(() => changeGpus(before, [], [{ node: 2, gpu: 1 }])).toThrow("GPU 1 of c is alive");
  expect(() => changeGpus(before, [], [{ node: 2, gpu: 2 }])).toThrow("node 2 has no GPU 2");
});
