import { describe, expect, test } from "vitest";
import { movesBetween } from "../../src/core/comparison/movesBetween.ts";
import { uniformCluster } from "../../src/core/layout/cluster.ts";
import type { LayerPlacement, Placement } from "../../src/core/layout/placement.ts";

function layerOf(nodes: readonly (readonly number[])[], experts = 2, layer = 0): LayerPlacement {
  const replicas = Array.from({ length: experts }, (_, e) => nodes.flat().filter((held) => held === e).length);
  return { layer, loads: replicas.map(() => 1), replicas, nodes };
}
const plan = (...layers: readonly LayerPlacement[]): Placement => ({
  cluster: uniformCluster(layers[0]!.nodes.length, layers[0]!.nodes[0]!.length),
  layers,
});
const old = plan(
  layerOf([
    [0, 1],
    [0, 1],
  ]),
);

test("copies that a node lacks move, and alike nodes play each other's parts", () => {
  expect(movesBetween(old, old)!.transfers).toEqual([]);
  expect(
    movesBetween(
      plan(
        layerOf([
          [0, 0],
          [1, 1],
        ]),
      ),
      plan(
        layerOf([
          [1, 1],
          [0, 0],
        ]),
      ),
    )!.transfers,
  ).toEqual([]);
  expect(
    movesBetween(
      plan(
        layerOf([
          [0, 0],
          [1, 1],
        ]),
      ),
      old,
    )!.transfers,
  ).toHaveLength(2);
});

describe("plans that are of different things have no way between them", () => {
  const [{ cluster }, [first]] = [old, old.layers];
  const second = { ...first!, layer: 1 };
  const odd = (change: object): Placement => ({
    ...old,
    cluster: cluster.map((node, n) => (n === 1 ? { ...node, ...change } : node)),
  });
  test.each<[string, Placement]>([
    [
      "nodes",
      plan(
        layerOf([
          [0, 1],
          [0, 1],
          [0, 1],
        ]),
      ),
    ],
    [
      "slots",
      {
        ...odd({ slots: 3 }),
        layers: [
          layerOf([
            [0, 1],
            [0, 1, 1],
          ]),
        ],
      },
    ],
    ["GPUs", odd({ gpus: 2 })],
    ["domains", odd({ domain: "rack" })],
    ["dead GPUs", odd({ deadGpus: [0] })],
    ["layers", { ...old, layers: [first!, second] }],
    ["numbers of layers", { ...old, layers: [second] }],
    [
      "experts",
      {
        ...old,
        layers: [
          {
            ...layerOf(
              [
                [0, 1],
                [0, 2],
              ],
              3,
            ),
            layer: 0,
          },
        ],
      },
    ],
    [
      "numbers of layers, and experts",
      {
        ...old,
        layers: [
          layerOf(
            [
              [0, 1],
              [0, 2],
            ],
            3,
            1,
          ),
        ],
      },
    ],
  ])("other %s", (_, next) => {
    expect(movesBetween(old, next)).toBeUndefined();
    expect(movesBetween(next, old)).toBeUndefined();
  });

  test("an expert without a host", () => {
    expect(
      movesBetween(
        plan(
          layerOf([
            [0, 0],
            [0, 0],
          ]),
        ),
        old,
      ),
    ).toBeUndefined();
  });
});
