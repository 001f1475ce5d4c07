import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { benchSetting } from "../../src/commands/benchSetting.ts";
import { balancedDispatch } from "../../src/core/dispatch/balancedDispatch.ts";
import { rankGroups } from "../../src/core/dispatch/rankGroups.ts";
import { evenRouting } from "../../src/core/dispatch/routing.ts";
import { totalGpus, uniformCluster } from "../../src/core/layout/cluster.ts";
import { replicasByRank } from "../../src/core/layout/placement.ts";
import { planFigures } from "../../src/core/placement/assess.ts";
import { makePlacement } from "../../src/core/placement/makePlacement.ts";
import { InputError, UsageError } from "../../src/errors.ts";
import { parseBenchSizes } from "../../src/formats/benchSizes.ts";
import { dispatchPlanJson } from "../../src/formats/dispatchPlanText.ts";
import { placementDocument } from "../../src/formats/placementDocument.ts";
import { modelPreset } from "../../src/formats/presets/index.ts";

const folder = mkdtempSync(join(tmpdir(), "lazarus-setting-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = (name: string, text: string | Uint8Array) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const setting = (sizes = "", plan?: string, model?: "gpt-l" | "deepseek-v3") =>
  benchSetting(
    { sizes: sizes === "" ? undefined : parseBenchSizes(sizes), plan, seed: 0 },
    model === undefined ? undefined : modelPreset(model),
  );

describe("sizes", () => {
  test("come from what is typed, then the model, then the defaults", async () => {
    const { shape } = (await setting("tokens=16,topk=2", undefined, "gpt-l")).setting;
    expect(shape).toEqual({ tokens: 16, hidden: 1024, feedForward: 4096, experts: 16, topK: 2 });
    const deepSeek = (await setting("hidden=64,experts=16,topk=2", undefined, "deepseek-v3")).setting.shape;
    expect(deepSeek).toMatchObject({ hidden: 64, feedForward: 2048, experts: 16, topK: 2 });
    await expect(setting("", undefined, "deepseek-v3")).rejects.toThrow(/--sizes: 11318329344 weights of experts are too many/);
  });

  test.each([
    ["tokens=12,width=3", /expected NAME=COUNT/],
    ["tokens=12,tokens=3", /each name once/],
    ["tokens=0", /at least 1/],
    ["tokens", /at least 1/],
  ])("%s is refused", (text, message) => {
    expect(() => parseBenchSizes(text)).toThrow(message);
  });

  test.each([
    ["experts=2,topk=3", /--sizes: topK 3 exceeds the 2 experts/],
    ["nodes=2", /--sizes: 3 copies need at least 3 nodes, got 2/],
    ["tokens=9000000,hidden=16,feedforward=16", /rows are too many/],
  ])("%s does not fit together", async (text, message) => {
    await expect(setting(text)).rejects.toThrow(UsageError);
    await expect(setting(text)).rejects.toThrow(message);
  });
});

describe("a plan", () => {
  const policy = { placement: "mro", allocation: "lazarus", minReplicas: 2, seed: 0, failureProbability: 0.1 } as const;
  const made = makePlacement(uniformCluster(6, 4), [{ layer: 5, loads: [90, 80, 70, 60, 50, 40, 30, 20] }], policy);
  const placement = file("placement.json", JSON.stringify(placementDocument(made, policy, planFigures(made, policy))));
  const [layer] = made.layers;
  const dispatch = balancedDispatch(
    evenRouting(layer!.loads, totalGpus(made.cluster)),
    replicasByRank(made.cluster, layer!),
    rankGroups(made.cluster),
  );
  const layers = [{ layer: 5, dispatch }];
  const balanced = file(
    "balanced.json",
    Buffer.concat(
      Array.from(dispatchPlanJson({ policy: "balanced", ranks: 6, layers, shuffle: false }), (piece) => Buffer.from(piece)),
    ),
  );

  test("gives the busiest rank's rows, fewer for a better plan", async () => {
    const [even, best] = [await setting("tokens=1000,hidden=8", placement), await setting("tokens=1000,hidden=8", balanced)];
    expect(even.plan).toMatchObject({ layer: 5 });
    expect(even.setting.shape).toMatchObject({ tokens: Math.round(1000 * even.plan!.maxOverMean), hidden: 8, topK: 1 });
    expect(best.setting.shape.tokens).toBeLessThan(even.setting.shape.tokens);
    expect(best.setting.shape.tokens).toBeGreaterThanOrEqual(1000);
    expect(even.setting.recovery).toMatchObject({ nodes: 6, hostSets: { length: 8 } });
    expect(best.setting.recovery).toMatchObject({ nodes: 48 });
  });

  test("of free shares is dispatched so, and beats the paper's", async () => {
    const free = { ...policy, placement: "resilient" } as const;
    const resilient = makePlacement(uniformCluster(6, 4), [{ layer: 5, loads: [90, 80, 70, 60, 50, 40, 30, 20] }], free);
    const plan = file("resilient.json", JSON.stringify(placementDocument(resilient, free, planFigures(resilient, free))));
    const found = (await setting("tokens=1000", plan)).plan!.maxOverMean;
    expect(found).toBeLessThan(1.03);
    expect(found).toBeLessThan((await setting("tokens=1000", placement)).plan!.maxOverMean);
  });

  test("decides experts and topk, and nodes and sets where it knows them", async () => {
    for (const name of ["experts", "topk", "nodes", "sets"]) {
      await expect(setting(`${name}=6`, placement)).rejects.toThrow(`--sizes ${name}: --plan decides this`);
    }
    expect((await setting("nodes=6", balanced)).setting.recovery.nodes).toBe(6);
  });

  test.each([
    ["three numbers", [0, 1, 0], /entries\[0\]: expected expert, source, target and tokens, got 3 numbers/],
    ["a rank that is not there", [0, 7, 0, 5], /entries\[0\]: expected ranks below 2, got 7 and 0/],
    ["no tokens", [0, 1, 0, 0], /the plan dispatches no tokens/],
  ])("with %s is refused", async (_, entry, message) => {
    const odd = { layer: 0, entries: [entry], sent: [], load: [], maxOverMean: 1, localTokens: 0, remoteTokens: 5 };
    const plan = file("odd.json", JSON.stringify({ type: "dispatch-plan", version: 1, policy: "x", ranks: 2, layers: [odd] }));
    await expect(setting("", plan)).rejects.toThrow(InputError);
    await expect(setting("", plan)).rejects.toThrow(message);
  });
});
