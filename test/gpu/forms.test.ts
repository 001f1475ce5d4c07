import { describe, expect, test } from "vitest";
import type { Gate } from "../../src/core/cost/gate.ts";
import { type LayerForm, layerForm } from "../../src/core/cost/layerForm.ts";
import { modelPreset, modelPresetNames } from "../../src/formats/presets/index.ts";
import { benchKernels, type KernelName } from "../../src/gpu/benchKernels.ts";
import { resultError } from "../../src/gpu/checkResult.ts";
import { type Device, readingCall } from "../../src/gpu/device.ts";
import { definedActivation } from "../../src/gpu/kernels/activations.ts";
import { layerLaunches } from "../../src/gpu/kernels/layer.ts";
import { routeToken } from "../../src/gpu/routeToken.ts";
import { onBackend, testBackends } from "../support/backends.ts";

const recovery = { nodes: 5, hostSets: [[0, 1], [2]], samples: 10 };
/** Every preset's way of computing, and ways that no preset has. */
const forms: (readonly [string, LayerForm])[] = [
  ...modelPresetNames.map((name) => [name, layerForm(modelPreset(name)!)] as const),
  ["biased softmax", { gate: { scores: "softmax", biased: true, renormalized: false }, activation: "gelu", sharedExperts: 1 }],
  [
    "softmax by the two largest",
    {
      gate: { scores: "softmax", renormalized: true, scale: 3, groups: { count: 8, chosen: 2, by: "two-largest" } },
      activation: "clamped-swiglu",
      sharedExperts: 2,
    },
  ],
  [
    "bare sigmoid, groups of one",
    {
      gate: { scores: "sigmoid", renormalized: false, groups: { count: 24, chosen: 9, by: "two-largest" } },
      activation: "swiglu",
      sharedExperts: 0,
    },
  ],
];
const kernels: KernelName[] = ["router", "expert-ffn", "combine", "layer"];
const settingOf = (form: LayerForm) => ({
  shape: { tokens: 41, hidden: 10, feedForward: 14, experts: 24, topK: 3 },
  form,
  recovery,
  seed: 7,
});

describe("plain JavaScript computes the layer of", () => {
  test.each(forms)("%s", (_, form) => {
    for (const kernel of benchKernels(kernels, settingOf(form))) {
      expect(resultError(kernel, kernel.reference(), kernel.plain())).toBeLessThan(2e-6);
    }
  });
});

for (const { name, unavailable } of await testBackends()) {
  describe.skipIf(unavailable !== undefined)(`${name} computes the layer of`, () => {
    test.each(forms)(
      "%s, in as many launches as are reckoned",
      async (_, form) => {
        await onBackend(name, async ({ device }) => {
          let launches = 0;
          const counting: Device = {
            ...device!,
            kernel: (source, output) => {
              const run = device!.kernel(source, output);
              return (...arrays) => {
                launches++;
                return run(...arrays);
              };
            },
          };
          for (const kernel of benchKernels(kernels, settingOf(form))) {
            const call = readingCall(counting, await kernel.prepare(counting));
            launches = 0;
            expect(resultError(kernel, kernel.reference(), await call())).toBeLessThan(1e-5);
            if (kernel.name === "layer") expect(launches).toBe(layerLaunches(form));
          }
        });
      },
      120_000,
    );
  });
}

describe("a token goes", () => {
  // One feature of 1: logits are the router's weights.
  const routed = (logits: number[], topK: number, gate: Gate, bias = logits.map(() => 0)) =>
    routeToken(
      Float32Array.of(1),
      Float32Array.from(logits),
      Float32Array.from(bias),
      { tokens: 1, hidden: 1, feedForward: 1, experts: logits.length, topK },
      gate,
    );
  const log = Math.log;
  /** Logit of a probability. */
  const of = (score: number) => log(score / (1 - score));

  test("by softmax over all, or over the chosen", () => {
    const logits = [log(1), log(5), log(2), log(2.5)];
    const close = (values: number[]) => values.map((value) => expect.closeTo(value, 6));
    expect(routed(logits, 2, { scores: "softmax", renormalized: false })).toEqual([1, 3, ...close([5 / 10.5, 2.5 / 10.5])]);
    expect(routed(logits, 2, { scores: "softmax", renormalized: true })).toEqual([1, 3, ...close([5 / 7.5, 2.5 / 7.5])]);
  });

  test("as in DeepSeek-V3: biases choose and do not weigh, groups go by their two best", () => {
    const gate = { scores: "sigmoid", biased: true, renormalized: true, scale: 2.5 } as const;
    const groups = { count: 3, chosen: 2, by: "two-largest" } as const;
    // Groups are worth 0.95, 1.1 and 1.0 (0.6 raised to 0.9): the largest score of all is in the one that is left out.
    const logits = [0.9, 0.05, 0.6, 0.5, 0.6, 0.1].map(of);
    const bias = [0, 0, 0, 0, 0.3, 0];
    const weigh = (values: number[]) => values.map((value) => expect.closeTo((2.5 * value) / (values[0]! + values[1]!), 5));
    expect(routed(logits, 2, { ...gate, groups }, bias)).toEqual([4, 2, ...weigh([0.6, 0.6])]);
    expect(routed(logits, 2, gate, [0, 0, 0, 0, 0.2, 0])).toEqual([0, 4, ...weigh([0.9, 0.6])]);
  });

  test("as in DeepSeek-V2: groups go by their best, probabilities count sixteen times", () => {
    const groups = { count: 2, chosen: 1, by: "largest" } as const;
    const logits = [4, 4.5, 5, 0].map((value) => log(value));
    logits[3] = log(1e-3);
    const expected = [2, 3, ...[5, 1e-3].map((value) => expect.closeTo((16 * value) / 13.501, 5))];
    expect(routed(logits, 2, { scores: "softmax", renormalized: false, scale: 16, groups })).toEqual(expected);
  });

  test("nowhere when two choices are too close", () => {
    expect(routed([1, 1.0001, 0], 1, { scores: "softmax", renormalized: true })).toBeUndefined();
    expect(routed([1, 1.0001, 0], 2, { scores: "softmax", renormalized: true })).toBeUndefined();
    const groups = { count: 2, chosen: 1, by: "largest" } as const;
    expect(routed([1, 0, 1.0001, 0.5], 1, { scores: "softmax", renormalized: true, groups })).toBeUndefined();
  });
});

test("activations are those of the papers", () => {
  // GELU's published table; SiLU(1) = 0.731059; gpt-oss clamps at 7.
  expect(definedActivation.gelu(1, 9)).toBeCloseTo(0.841192, 6);
  expect(definedActivation.swiglu(2, 1)).toBeCloseTo(2 * 0.731059, 5);
  expect(definedActivation["clamped-swiglu"](100, 100)).toBeCloseTo(8 * 7 * 0.99999331, 5);
  expect(definedActivation["clamped-swiglu"](-100, 1)).toBeCloseTo(-6 / (1 + Math.exp(-1.702)), 10);
});
