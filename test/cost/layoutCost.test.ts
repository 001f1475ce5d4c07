import { expect, test } from "vitest";
import type { HardwareSpec } from "../../src/core/cost/hardwareSpec.ts";
import { dispatchShare, layoutCost } from "../../src/core/cost/layoutCost.ts";
import { microBatchCost } from "../../src/core/cost/stepCost.ts";
import { hardwarePreset, modelPreset } from "../../src/formats/presets/index.ts";

const hardware: HardwareSpec = { ...hardwarePreset("h200")!, networkBytesPerSecond: 1, serverBytesPerSecond: 8 };
const model = modelPreset("deepseek-v3")!;

test("a token's way is that to all GPUs of the stage in turn: none to its own, a short one within the node", () => {
  const { nodesPerToken = model.topK, topK } = model;
  expect(nodesPerToken).toBeLessThan(topK);
  for (const [stageGpus, gpusPerNode] of [
    [32, 8],
    [8, 8],
    [4, 8],
    [3, 2],
    [1, 4],
  ] as const) {
    const share = (copies: number) => {
      let way = 0;
      for (let gpu = 0; gpu < stageGpus; gpu++) way += gpu === 0 ? 0 : gpu < gpusPerNode ? 1 / 8 : copies;
      return way / stageGpus;
    };
    const shape = { stageGpus, gpusPerNode };
    expect(dispatchShare(model, hardware, shape)).toBeCloseTo(share(nodesPerToken / topK), 12);
    for (const unlimited of [undefined, 2 * topK])
      expect(dispatchShare({ ...model, nodesPerToken: unlimited } as typeof model, hardware, shape)).toBeCloseTo(share(1), 12);
  }
});

test.each(["gpt-s", "deepseek-v3"])("stages share out what a worker of %s does; pipelines synchronise as a ring", (name) => {
  const spec = modelPreset(name)!;
  const real = hardwarePreset("h200")!;
  const whole = microBatchCost(spec, real, { gpus: 2, slotsPerGpu: 3 });
  const cost = layoutCost(spec, real, { tensor: 2, pipeline: 4, expert: 1, data: 6 }, 5, 3);
  for (const part of ["overhead", "dense", "perCompute", "perTraffic"] as const)
    expect(cost[part]).toBeCloseTo(whole[part] / 4, 12);
  expect(cost.denseSync).toBeCloseTo((whole.denseSync / 4) * 0.8, 12);
  expect(cost.base).toBeCloseTo(cost.overhead + cost.dense + cost.denseSync, 12);
  expect(cost.perSync).toBeCloseTo(whole.perSync / (name === "gpt-s" ? real.gpusPerNode : 1), 12);
  expect(layoutCost(spec, real, { tensor: 2, pipeline: 4, expert: 1, data: 6 }, 1, 3).denseSync).toBe(0);
});
