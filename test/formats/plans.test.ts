import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { countReplicas } from "../../src/core/layout/placement.ts";
import { InputError, UsageError } from "../../src/errors.ts";
import type { PlacementDocument } from "../../src/formats/documents/placement.ts";
import { decodePlan, decodeYamlPlan } from "../../src/formats/plans/decodePlan.ts";
import { encodePlan } from "../../src/formats/plans/encodePlan.ts";
import { shortList } from "../../src/formats/plans/moePlacements.ts";
import { type PlanSystem, planSystems } from "../../src/formats/plans/plan.ts";
import { planPlacement } from "../../src/formats/plans/planPlacement.ts";
import { planTable, wastedSlots } from "../../src/formats/plans/planTable.ts";
import { parseIdList } from "../../src/formats/units.ts";

const settings = { layerBase: 0, denseLayers: 0, layerUpdatesPerIteration: 0 };

/** A placement in which every expert has a slot, none is free and every rank has the same number of slots. */
const placements = fc
  .record({
    nodes: fc.integer({ min: 1, max: 4 }),
    gpus: fc.integer({ min: 1, max: 3 }),
    perRank: fc.integer({ min: 1, max: 4 }),
    layers: fc.integer({ min: 1, max: 3 }),
    layerBase: fc.integer({ min: 0, max: 5 }),
    denseLayers: fc.integer({ min: 0, max: 3 }),
    // Layers of the model up to each MoE layer, and whether our documents count all of them.
    gaps: fc.option(fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 3, maxLength: 3 }), { nil: undefined }),
    countsAll: fc.boolean(),
    seed: fc.array(fc.nat(1000), { minLength: 150, maxLength: 150 }),
  })
  .map(({ nodes, gpus, perRank, layers, layerBase, denseLayers, gaps, countsAll, seed }) => {
    const slots = nodes * gpus * perRank;
    const experts = Math.max(1, Math.ceil(slots / 2));
    const rows = Array.from({ length: layers }, (_, l) => {
      const shift = seed[l] as number;
      return Array.from({ length: slots }, (_, s) =>
        s < experts ? (s + shift) % experts : (seed[l * slots + s] as number) % experts,
      );
    });
    const moeLayers = gaps?.slice(0, layers).map((_, l) => gaps.slice(0, l + 1).reduce((a, b) => a + b) - 1);
    const placed = document(rows, nodes, gpus, experts, layerBase);
    if (moeLayers === undefined) return { document: placed, numbering: { layerBase, denseLayers }, gpus };
    const numbered = placed.layers.map((layer, l) => ({ ...layer, layer: countsAll ? moeLayers[l]! : layer.layer }));
    // Numbers of MoE layers alone must not look like those of all layers.
    const alike = !countsAll && moeLayers.every((layer) => numbered.some((one) => one.layer === layer));
    const numbering = { layerBase, denseLayers: 0, moeLayers: alike ? numbered.map(({ layer }) => layer) : moeLayers };
    return { document: { ...placed, layers: numbered }, numbering, gpus };
  });

function document(rows: number[][], nodes: number, gpus: number, experts: number, layerBase = 0): PlacementDocument {
  const perNode = (rows[0]?.length ?? 0) / nodes;
  return {
    type: "placement",
    version: 1,
    nodes: Array.from({ length: nodes }, (_, n) => ({ name: `gpu${n}`, slots: perNode, gpus })),
    policy: { placement: "mro", minReplicas: 1, seed: 0 },
    layers: rows.map((row, l) => {
      const held = Array.from({ length: nodes }, (_, n) => row.slice(n * perNode, (n + 1) * perNode));
      return { layer: l + layerBase, loads: new Array(experts).fill(7), replicas: countReplicas(experts, held), nodes: held };
    }),
  };
}

function decoded(text: string, system: PlanSystem) {
  return system === "trtllm" ? decodeYamlPlan(text, "plan") : decodePlan(JSON.parse(text), "plan");
}

describe.each(planSystems)("%s", (system) => {
  test("what is written is read back as the same placement", () => {
    fc.assert(
      fc.property(placements, ({ document, numbering: drawn, gpus }) => {
        // A device of vllm-ascend holds an expert once.
        fc.pre(system !== "ascend" || wastedSlots(planTable(document, system, { ...settings, ...drawn })) === 0);
        const numbering = { ...settings, ...drawn };
        const plan = decoded(encodePlan(document, system, numbering), system);
        const nodes = document.nodes.map(({ name }) => ({ name }));
        const back = planPlacement(plan, { ...numbering, nodes, gpus, loads: document.layers }, "plan");
        expect(back.nodes).toEqual(document.nodes);
        expect(back.layers).toEqual(document.layers);
        expect(back.policy.placement).toBe(system);
      }),
      { numRuns: 150 },
    );
  });

  test("a plan that it cannot hold is refused with a remedy", () => {
    const good = document([[0, 1, 1, 0]], 2, 1, 2);
    const refused = (change: Partial<PlacementDocument>, message: RegExp, numbering = settings) =>
      expect(() => encodePlan({ ...good, ...change }, system, numbering)).toThrow(
        expect.toSatisfy((error: Error) => error instanceof UsageError && message.test(error.message)),
      );
    refused(
      {
        layers: [
          {
            layer: 0,
            loads: [1, 1],
            replicas: [1, 1],
            nodes: [
              [0, -1],
              [1, -1],
            ],
          },
        ],
      },
      /free slot in layer 0; .*--placement/,
    );
    refused(
      {
        nodes: [
          { name: "a", slots: 3, gpus: 2 },
          { name: "b", slots: 2, gpus: 1 },
        ],
      },
      /a has 3 slots for 2 GPUs; .*multiple/,
    );
    refused(
      {
        nodes: [
          { name: "a", slots: 2, gpus: 1 },
          { name: "b", slots: 3, gpus: 1 },
        ],
      },
      /a has 2 slots a rank, b 3; .*same number/,
    );
    refused({}, /--layer-base 0/, { ...settings, layerBase: 1 });
    const [layer] = good.layers;
    if (layer) refused({ layers: [layer, { ...layer, layer: 2 }] }, /with a gap; .*--moe-layers 0,2$/);
  });

  test("experts without a slot, unknown experts and nodes that do not fit are refused", () => {
    const good = document([[0, 1, 1, 0]], 2, 1, 2);
    const plan = decoded(encodePlan(good, system, settings), system);
    const nodes = [{ name: "a" }, { name: "b" }];
    const place =
      (loads: number[], names: { name: string; slots?: number; gpus?: number }[], gpus = 1) =>
      () =>
        planPlacement(plan, { ...settings, nodes: names, gpus, loads: [{ layer: 0, loads }] }, "plan");
    expect(place([1, 1], nodes)).not.toThrow();
    expect(place([1], nodes)).toThrow(/expert 1; the profile has 1/);
    expect(place([1, 1, 1], nodes)).toThrow(/does not hold expert 2/);
    expect(place([1, 1], [...nodes, { name: "c" }])).toThrow(/evenly/);
    expect(place([1, 1], [{ name: "a", slots: 3 }, { name: "b" }])).toThrow(/a has 2 slots, not 3/);
    expect(() =>
      planPlacement(plan, { ...settings, layerBase: 4, nodes, gpus: 1, loads: [{ layer: 0, loads: [1, 1] }] }, "plan"),
    ).toThrow(/is layer 4 of the profile/);
  });
});

test("sglang: exactly one key, a row for every hidden layer, identity rows for dense ones", () => {
  const text = encodePlan(document([[1, 0, 1, 0, 1]], 1, 1, 2), "sglang", { ...settings, denseLayers: 2 });
  expect(text).toBe('{"physical_to_logical_map":[[0,1,0,1,0],[0,1,0,1,0],[1,0,1,0,1]]}\n');
  expect(() => decodePlan({ physical_to_logical_map: [[0]], version: 1 }, "f")).toThrow(/"version"; SGLang refuses it/);
  expect(() => decodePlan({ physical_to_logical_map: [[0], [0, 1]] }, "f")).toThrow(/layer 1 has 2 slots, layer 0 1/);
  expect(() => decodePlan({ physical_to_logical_map: [[0.5]] }, "f")).toThrow(/\[0\]\[0\].*got 0.5/);
});

test("lists of layers are said as briefly as --moe-layers takes them", () => {
  expect(shortList([1, 3, 5, 7, 9])).toBe("1-9:2");
  expect(shortList([0, 1, 2, 4, 7, 10, 13, 20, 21])).toBe("0-2,4-13:3,20,21");
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(40), { minLength: 1 }), (ids) => {
      const sorted = ids.toSorted((a, b) => a - b);
      expect(parseIdList(shortList(sorted))).toEqual(sorted);
    }),
  );
});

test("sglang and trtllm: MoE layers with dense ones between them", () => {
  const rows = [
    [1, 0, 1],
    [0, 1, 0],
  ];
  const interleaved = { ...settings, moeLayers: [1, 3] };
  expect(encodePlan(document(rows, 1, 1, 2), "sglang", interleaved)).toBe(
    '{"physical_to_logical_map":[[0,1,0],[1,0,1],[0,1,0],[0,1,0]]}\n',
  );
  expect(encodePlan(document(rows, 1, 1, 2), "trtllm", interleaved)).toMatch(/ {2}1: \[1, 0, 1\]\n {2}3: \[0, 1, 0\]\n/);
});

test("ascend: the document as vllm-ascend and MindIE read it", () => {
  const text = encodePlan(document([[0, 1, 1, 0]], 1, 2, 2, 3), "ascend", { ...settings, layerBase: 3, denseLayers: 3 });
  expect(JSON.parse(text)).toEqual({
    moe_layer_count: 1,
    layer_list: [
      {
        layer_id: 0,
        device_count: 2,
        device_list: [
          { device_id: 0, device_expert: [0, 1] },
          { device_id: 1, device_expert: [1, 0] },
        ],
      },
    ],
  });
  const plan = JSON.parse(text);
  const changed = (change: (plan: typeof PLAN) => void) => () => {
    const copy = structuredClone(plan);
    change(copy);
    return decodePlan(copy, "f");
  };
  const PLAN = plan as {
    moe_layer_count: number;
    layer_list: { layer_id: number; device_count: number; device_list: { device_id: number; device_expert: number[] }[] }[];
  };
  const layer = (copy: typeof PLAN) => copy.layer_list[0] as (typeof PLAN.layer_list)[number];
  expect(changed((copy) => (copy.moe_layer_count = 2))).toThrow(/moe_layer_count is 2/);
  expect(changed((copy) => (layer(copy).layer_id = 1))).toThrow(/layer 0 is missing/);
  expect(changed((copy) => (layer(copy).device_count = 3))).toThrow(/device_list has 2/);
  expect(changed((copy) => layer(copy).device_list[1]?.device_expert.push(0))).toThrow(/device 1 has 3 experts, others 2/);
  expect(changed((copy) => layer(copy).device_list.splice(0, 1, { device_id: 7, device_expert: [0, 1] }))).toThrow(
    /device 0 is missing/,
  );
  expect(changed((copy) => (layer(copy).device_list[1]!.device_expert = [1, 1]))).toThrow(/device 1 has expert 1 twice/);
  expect(changed((copy) => layer(copy).device_list.reverse())()).toMatchObject({
    ranks: 2,
    rows: [{ layer: 0, slots: [0, 1, 1, 0] }],
  });
});

test("trtllm: YAML by the model's layers, as its own script writes it or in blocks", () => {
  const text = encodePlan(document([[0, 1, 1, 0]], 2, 1, 2), "trtllm", {
    ...settings,
    denseLayers: 3,
    layerUpdatesPerIteration: 2,
  });
  expect(text).toBe("num_slots: 4\ninitial_global_assignments:\n  3: [0, 1, 1, 0]\nlayer_updates_per_iter: 2\n");
  const other = [
    "# made by hand",
    "initial_global_assignments:",
    "  3: [0, 1,",
    "    1, 0]",
    "  '4':",
    "  - 1",
    "  - 0",
    "  - 0 # twice",
    "  - 1",
    "num_slots: 4",
    "",
  ].join("\r\n");
  expect(decodeYamlPlan(other, "f").rows).toEqual([
    { layer: 3, slots: [0, 1, 1, 0] },
    { layer: 4, slots: [1, 0, 0, 1] },
  ]);
  for (const [yaml, message] of [
    ["num_slots: 4\n", /f: |initial_global_assignments is missing/],
    ["num_slots: 3\ninitial_global_assignments:\n  3: [0, 1]\n", /num_slots is 3/],
    ["initial_global_assignments:\n  3: [0, x]\n", /got "x"/],
    ["initial_global_assignments:\n  3: [0, 1\n", /not closed/],
    ["initial_global_assignments:\n  3: [0]\n  3: [0]\n", /twice/],
    ["slots: 4\n", /"slots"/],
    ["<html>\n", /KEY: VALUE/],
  ] as const) {
    expect(() => decodeYamlPlan(yaml, "f")).toThrow(InputError);
    expect(() => decodeYamlPlan(yaml, "f")).toThrow(message);
  }
});

test("vllm: lists of lists, and nothing else that looks like JSON", () => {
  expect(
    encodePlan(
      document(
        [
          [0, 1],
          [1, 0],
        ],
        1,
        1,
        2,
      ),
      "vllm",
      settings,
    ),
  ).toBe("[[0,1],[1,0]]\n");
  expect(() => decodePlan([], "f")).toThrow(/empty/);
  expect(() => decodePlan([[0, -2]], "f")).toThrow(/\[0\]\[1\].*-2/);
  expect(() => decodePlan({ layers: [] }, "f")).toThrow(/no plan/);
});
