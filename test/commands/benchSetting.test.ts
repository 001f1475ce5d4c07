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
import { parseBenchSizes, parseScaling } from "../../src/formats/benchSizes.ts";
import { dispatchPlanJson } from "../../src/formats/dispatchPlanText.ts";
import { placementDocument } from "../../src/formats/placementDocument.ts";
import { modelPreset } from "../../src/formats/presets/index.ts";

const folder = mkdtempSync(join(tmpdir(), "lazarus-setting-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = (name: string, text: string | Uint8Array) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const host = { isGpu: false, largestArrayBytes: undefined };
const settingFor = (sizes = "", plan?: string, model?: string, scaling?: string) =>
  benchSetting(
    {
      sizes: sizes === "" ? undefined : parseBenchSizes(sizes),
      plan,
      scaling: scaling === undefined ? undefined : parseScaling(scaling),
      seed: 0,
    },
    model === undefined ? undefined : modelPreset(model),
  );
const setting = async (sizes?: string, plan?: string, model?: string) => (await settingFor(sizes, plan, model))(host);

describe("sizes", () => {
  test("come from what is typed, then the model, then the defaults", async () => {
    const { shape } = (await setting("tokens=2,topk=2", undefined, "gpt-l")).setting;
    expect(shape).toEqual({ tokens: 2, hidden: 1024, feedForward: 4096, experts: 16, topK: 2 });
    const deepSeek = await setting("hidden=64,experts=16,topk=2", undefined, "deepseek-v3");
    expect(deepSeek.setting.shape).toMatchObject({ hidden: 64, feedForward: 2048, experts: 16, topK: 2 });
    expect(deepSeek.setting.form).toMatchObject({ gate: { scores: "sigmoid" }, sharedExperts: 1 });
    expect(deepSeek.layer).toMatch(
      /^deepseek-v3: sigmoid gate with biases, experts of 4 of 8 groups, weights renormalised times 2\.5; SwiGLU experts \(3 matrices\), 1 shared$/,
    );
    expect((await setting()).layer).toBe("as in Mixtral: softmax gate, weights renormalised; SwiGLU experts (3 matrices)");
  });

  test("of a model are divided until a run takes seconds, on a GPU less", async () => {
    const sizes = await settingFor("", undefined, "deepseek-v3");
    expect(sizes(host).setting.shape).toEqual({ tokens: 256, hidden: 224, feedForward: 64, experts: 256, topK: 8 });
    expect(sizes(host).layer).toMatch(/^deepseek-v3\/32: /);
    const onGpu = sizes({ isGpu: true, largestArrayBytes: undefined });
    expect(onGpu.setting.shape).toMatchObject({ tokens: 512, hidden: 448, feedForward: 128 });
    expect((await setting("tokens=2000000", undefined, "gpt-s")).setting.shape).toMatchObject({ tokens: 2_000_000, hidden: 3 });
    // 256 matrices of 448 x 128 numbers are 59 MB.
    const small = sizes({ isGpu: true, largestArrayBytes: 50e6 });
    expect(small.setting.shape).toMatchObject({ hidden: 224, feedForward: 64 });
  });

  test("typed ones are not scaled, but refused where the device does not take them", async () => {
    const sizes = await settingFor("hidden=1024,feedforward=1024");
    expect(sizes(host).setting.shape).toMatchObject({ hidden: 1024, feedForward: 1024 });
    expect(() => sizes({ isGpu: true, largestArrayBytes: 10e6 })).toThrow(
      /--sizes: an array of 0\.0336 GB is too large here, at most 0\.0100 GB are allowed; tokens=512,hidden=512,feedforward=512 would fit$/,
    );
  });

  test("MODEL/N is a preset with hidden and feedforward divided, and its layer", async () => {
    const eighth = await setting("mixtral/8,tokens=16");
    expect(eighth.setting.shape).toEqual({ tokens: 16, hidden: 512, feedForward: 1792, experts: 8, topK: 2 });
    expect(eighth.layer).toMatch(/^mixtral-8x7b\/8: softmax/);
    expect((await setting("gpt-oss-120b/16")).layer).toMatch(/^gpt-oss-120b\/16: .*clamped SwiGLU/);
    await expect(setting("mixtral/8", undefined, "gpt-s")).rejects.toThrow(/--sizes mixtral-8x7b\/8: --model names the model/);
  });

  test("are gone through by --scaling, each checked before the first is measured", async () => {
    const sizes = await settingFor("hidden=8", undefined, undefined, "tokens=64,16");
    expect(sizes(host, { tokens: 16 }).setting.shape).toMatchObject({ tokens: 16, hidden: 8 });
    await expect(settingFor("", undefined, undefined, "experts=2,1")).rejects.toThrow(/topK 2 exceeds the 1 experts/);
    await expect(settingFor("tokens=8", undefined, undefined, "tokens=64,16")).rejects.toThrow(/--sizes tokens: --scaling goes/);
    expect(parseScaling("tokens=64, 16,64").values).toEqual([16, 64]);
    for (const wrong of ["tokens=64", "tokens", "width=1,2", "tokens=1,x"]) expect(() => parseScaling(wrong)).toThrow(/expected/);
  });

  test.each([
    ["tokens=12,width=3", /expected NAME=COUNT/],
    ["tokens=12,tokens=3", /each name once/],
    ["tokens=0", /at least 1/],
    ["tokens", /at least 1/],
    ["mixtral/0", /at least 1/],
    ["mixtrel/8", /expected a model before the slash: gpt-s/],
    ["mixtral/8,gpt-s/2", /expected one model/],
  ])("%s is refused", (text, message) => {
    expect(() => parseBenchSizes(text)).toThrow(message);
  });

  test.each([
    ["experts=2,topk=3", /--sizes: topK 3 exceeds the 2 experts/],
    ["nodes=2", /--sizes: 3 copies need at least 3 nodes, got 2/],
    ["tokens=9000000,hidden=16,feedforward=16", /rows are too many/],
    [
      "tokens=4096,hidden=4096,feedforward=14336,experts=256",
      /--sizes: this takes 363 GB of memory, at most 2\.15 GB are used; tokens=4096,hidden=256,feedforward=896 would fit$/,
    ],
    ["tokens=8000000,hidden=4096,feedforward=1,topk=1", /memory.*; tokens=\d+,hidden=16,feedforward=1 would fit/],
    ["tokens=4096,hidden=2048,feedforward=2048", /billion products a run are too many/],
    ["nodes=16777215,samples=16777215", /recovery-mc takes .* GB of memory, .*; take fewer nodes or sets$/],
    ["nodes=1000,samples=1000000", /recovery-mc takes .* GB of memory, .*; samples=\d+ would fit$/],
    ["nodes=1000,sets=16777215", /recovery-mc .*; /],
    ["sets=1000000", /recovery-mc looks at .* billion sets a run, which is too many; samples=\d+ would fit$/],
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
