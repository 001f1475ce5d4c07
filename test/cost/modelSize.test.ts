import { expect, test } from "vitest";
import { attentionParameters, modelSize } from "../../src/core/cost/modelSize.ts";
import type { DeepSeekModel } from "../../src/core/cost/modelSpec.ts";
import { modelPreset } from "../../src/formats/presets/index.ts";

test("DeepSeek-V3 has as many parameters as its published weights, to the last one", () => {
  const model = modelPreset("deepseek-v3") as DeepSeekModel;
  const { hidden, layers, denseLayers, experts, queryRank, keyValueRank } = model;
  // Norms and the routers' biases, which cost no time, are left out: two norms of a layer's input and two of its latent vectors.
  const norms = (layers + denseLayers) * (2 * hidden + queryRank + keyValueRank) + hidden;
  expect(modelSize(model).total + norms + layers * experts).toBe(671_026_419_200);
  expect(attentionParameters(model)).toBe(187_105_280);
});

test("a GPT of one's own: embeddings of words and places, four projections a layer, experts of 8 d^2", () => {
  const model = { ...modelPreset("gpt-s")!, hidden: 10, vocabulary: 100, sequence: 7, layers: 3, experts: 5 };
  expect(modelSize(model)).toEqual({ dense: 1070 + 1200, expert: 800, total: 2270 + 12_000 });
});

test.each([
  // Billions, as published with the weights.
  ["deepseek-v2", 236],
  ["deepseek-v3", 671],
  ["kimi-k2", 1026],
  ["qwen3-235b-a22b", 235],
  ["mixtral-8x7b", 46.7],
  ["mixtral-8x22b", 140.6],
  ["gpt-oss-120b", 116.8],
  ["glm-4.5", 355],
])("%s has about %d billion parameters", (name, billions) => {
  expect(Math.abs(modelSize(modelPreset(name)!).total / 1e9 / billions - 1)).toBeLessThan(0.007);
});
