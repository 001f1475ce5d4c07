import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RoutingStep } from "../../src/core/profile/routingStep.ts";
import { decodePlan } from "../../src/formats/plans/decodePlan.ts";
import { checkRouterRecord, megatronSteps } from "../../src/formats/routingSources/megatron.ts";
import { checkRecordedCounts, sglangSteps } from "../../src/formats/routingSources/sglang.ts";
import { inProcess as lazarus } from "../support/inProcess.ts";
import type { Run } from "../support/lazarus.ts";
import { safetensors } from "../support/safetensors.ts";

let folder = "";
const at = (name: string) => join(folder, name);
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "lazarus-records-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const parquet = "test/fixtures/topk.parquet";

/** That the number of experts is a guess is on trial in guessedExperts.test.ts. */
const sure = (stderr: string) => stderr.replace(/^lazarus: .*: taken to have \d+ experts?, .*\n/gm, "");

/** Loads by layer of the only profile that was printed. */
async function loads(run: Promise<Run>): Promise<number[][]> {
  const { code, stdout, stderr } = await run;
  expect([code, sure(stderr)]).toEqual([0, ""]);
  return (JSON.parse(stdout) as { layers: { loads: number[] }[] }).layers.map((layer) => layer.loads);
}

async function refused(run: Promise<Run>, message: RegExp): Promise<void> {
  const { code, stdout, stderr } = await run;
  expect(stderr).toMatch(/^lazarus: [^\n]+\n$/);
  expect(stderr).toMatch(message);
  expect([code, stdout]).toEqual([2, ""]);
}

async function steps(found: AsyncIterable<RoutingStep>): Promise<object[]> {
  const list: object[] = [];
  for await (const { iteration, layers } of found)
    list.push({ iteration, layers: layers.map(({ layer, loads }) => [layer, [...loads]]) });
  return list;
}

async function* each<T>(values: readonly T[]): AsyncGenerator<T> {
  yield* values;
}

describe("Megatron router traces", () => {
  const lines = [
    { step: 1, layer: 1, rank: 0, top_indices: [[0, 2]] },
    {
      step: 1,
      layer: 0,
      rank: 1,
      top_indices: [
        [0, 1],
        [1, 2],
      ],
    },
    { step: 1, layer: 0, rank: 1, top_indices: [[1, 2]] },
    { step: 2, layer: 0, rank: 0, top_indices: [[0, 1]] },
    { step: 2, layer: 1, rank: 0, top_indices: [] },
  ];
  const text = lines.map((line) => `${JSON.stringify(line)}\n`).join("");

  test("micro-batches add up, ranks stay apart when asked for", async () => {
    expect(await loads(lazarus(["profile-load", "--method", "sum"], text))).toEqual([
      [2, 4, 2],
      [1, 0, 1],
    ]);
    const { stdout } = await lazarus(["profile-load", "--window", "1:1", "--by-rank"], text);
    expect(JSON.parse(stdout).layers[0].byRank).toEqual([
      [0, 0, 0],
      [1, 3, 2],
    ]);
  });

  test("the same tokens as a log of single tokens", async () => {
    const records = fc.array(
      fc.record({ layer: fc.nat(2), rank: fc.nat(2), experts: fc.uniqueArray(fc.nat(6), { minLength: 1, maxLength: 3 }) }),
      {
        minLength: 1,
        maxLength: 20,
      },
    );
    await fc.assert(
      fc.asyncProperty(records, async (rows) => {
        const [found] = await steps(
          megatronSteps(
            each(
              rows.map(({ layer, rank, experts }) => checkRouterRecord({ step: 0, layer, rank, top_indices: [experts] }, "f")),
            ),
            { file: "f", byRank: false, physicalToLogical: undefined },
          ),
        );
        const experts = Math.max(...rows.flatMap((row) => row.experts)) + 1;
        const layers = [...new Set(rows.map((row) => row.layer))].sort();
        const count = (layer: number, expert: number) =>
          rows.filter((row) => row.layer === layer && row.experts.includes(expert)).length;
        expect(found).toEqual({
          iteration: 0,
          layers: layers.map((layer) => [layer, Array.from({ length: experts }, (_, e) => count(layer, e))]),
        });
      }),
      { numRuns: 40 },
    );
  });

  test("what is wrong is said with its line", async () => {
    await refused(lazarus(["profile-load"], text.replace("[[0,1]]", "[[0,-2]]")), /:4: .*top_indices\[0\]\[1\]: -2/);
    await refused(
      lazarus(["profile-load"], text.replace('"layer":1,"rank":0,"top_indices":[[0,2]]', '"layer":1.5,"top_indices":[]')),
      /:1: .*layer/,
    );
    await refused(lazarus(["profile-load"], text.slice(0, -20)), /:5: .*cut short/);
    await refused(lazarus(["profile-load", "--by-rank"], '{"step":1,"layer":0,"top_indices":[[1]]}'), /"rank"/);
    await refused(lazarus(["profile-load"], '{"step":1,"layer":0,"top_indices":[[70000]]}'), /below 65536/);
  });
});

describe("Megatron-Core's writer", () => {
  const record = (step: number, rank: number, ids: number[][], more: object = {}) =>
    `${JSON.stringify({ step, layer: 0, rank, top_indices: ids, ...more })}\n`;
  const profile = (text: string, ...options: string[]) => lazarus(["profile-load", "--method", "sum", ...options], text);
  const loadsIn = ({ stdout }: Run) => JSON.parse(stdout).layers.map(({ loads }: { loads: number[] }) => loads);

  test("experts that no token chose, and padding", async () => {
    expect(loadsIn(await profile(record(1, 0, [[0], [2]]), "--experts", "4"))).toEqual([[1, 0, 1, 0]]);
    const padded = await profile(
      record(1, 0, [
        [0, 1],
        [2, -1],
        [-1, -1],
      ]),
    );
    expect(loadsIn(padded)).toEqual([[1, 1, 1]]);
    expect(padded.stderr).toMatch(/: 3 expert ids of -1 \(padding\) left out/);
    await refused(profile(record(1, 0, [[5]]), "--experts", "4"), /--experts says 4/);
  });

  test("routers of other blocks are left out with a word", async () => {
    const mtp = record(1, 0, [[1], [1]], { block: "mtp", mtp_idx: 0 });
    const found = await profile(record(1, 0, [[0], [1]], { block: "decoder" }) + mtp);
    expect(loadsIn(found)).toEqual([[1, 1]]);
    expect(found.stderr).toMatch(/1 record of mtp routers left out/);
  });

  test("ranks one after the other are the ranks side by side; stages are not added up", async () => {
    const steps = (rank: number) => [1, 2].map((step) => record(step, rank, [[rank], [step]])).join("");
    const found = JSON.parse((await profile(steps(0) + steps(1))).stdout);
    expect(found.window).toMatchObject({ from: 1, to: 2, iterations: 2 });
    expect(found.layers[0].loads).toEqual([2, 4, 2]);
    const stages = record(1, 0, [[0]], { block: "decoder" }) + record(1, 0, [[0]], { block: "decoder", layer: 1 });
    await refused(profile(stages + record(1, 1, [[0]], { block: "decoder" })), /pipeline stages/);
    const one = await profile(record(1, 0, [[0]], { block: "decoder" }) + record(1, 1, [[1]], { block: "decoder" }));
    expect(one.stderr).toMatch(/2 ranks are added up; with pipeline parallelism/);
  });

  test("a folder has a file a rank", async () => {
    const folder = mkdtempSync(join(tmpdir(), "lazarus-trace-"));
    for (const rank of [0, 1]) writeFileSync(join(folder, `router_trace_rank${rank}.jsonl`), record(1, rank, [[rank], [2]]));
    const found = await lazarus(["profile-load", folder, "--by-rank"]);
    expect(JSON.parse(found.stdout).layers[0].byRank).toEqual([
      [1, 0, 1],
      [0, 1, 1],
    ]);
    const alone = await lazarus(["profile-load", join(folder, "router_trace_rank1.jsonl")]);
    expect(alone.stderr).toMatch(/the tokens of rank 1 alone/);
    rmSync(folder, { recursive: true });
  });
});

describe("SGLang's recorder", () => {
  const profile = (text: string, ...options: string[]) => lazarus(["profile-load", ...options], text);
  const loadsIn = ({ stdout }: Run) => JSON.parse(stdout).layers.map(({ loads }: { loads: number[] }) => loads);

  test("steps without tokens are padding, and small means keep their proportions", async () => {
    const recorded = [[[5, 0, 3, 1]], [[5, 0, 3, 1]], [[0, 0, 0, 0]], [[0, 0, 0, 0]]];
    const found = await profile(JSON.stringify({ logical_count: [...recorded, ...new Array(96).fill([[0, 0, 0, 0]])] }));
    expect(loadsIn(found)).toEqual([[5, 0, 3, 1]]);
    expect(found.stderr).toMatch(/98 iterations without tokens \(padding\) left out, 2 kept/);
    const rare = [[[1, 0, 0, 0]], [[0, 2, 0, 0]], [[0, 0, 1, 0]]];
    const kept = await profile(JSON.stringify({ logical_count: rare }));
    expect(loadsIn(kept)).toEqual([[1, 2, 1, 0]]);
    expect(kept.stderr).toMatch(/sums over the window/);
    await refused(profile(JSON.stringify({ logical_count: [[0, 0]] })), /no token goes to any expert/);
  });

  test("an average with weights keeps the proportions of small counts", async () => {
    const steps = Array.from({ length: 200 }, (_, step) => [
      [0, 1, 2, 3].map((expert) => Number([0, 0, 0, 1, 0, 2][step % 6] === expert)),
    ]);
    const average = steps
      .slice(1)
      .reduce((running, [now = []]) => running.map((value, e) => 0.95 * value + 0.05 * now[e]!), steps[0]![0]!);
    const found = await profile(JSON.stringify({ logical_count: steps }), "--method", "ema", "--alpha", "0.05");
    const [loads = []] = loadsIn(found) as number[][];
    expect(loads.reduce((a, b) => a + b)).toBe(200);
    for (const [e, value] of average.entries()) expect(Math.abs(loads[e]! - 200 * value)).toBeLessThan(1);
    expect(found.stderr).toMatch(/multiplied by 200, its iterations/);
  });

  test("layers without tokens in front are dense and left out", async () => {
    const found = await profile(
      JSON.stringify({
        logical_count: [
          [0, 0],
          [0, 0],
          [3, 1],
        ],
      }),
    );
    expect(JSON.parse(found.stdout).layers).toEqual([{ layer: 2, loads: [3, 1] }]);
    expect(found.stderr).toMatch(/layers 0 to 1 without tokens \(dense\) left out; the first MoE layer is 2/);
  });

  test("ranks of a forward pass are added up, other gatherers left out", async () => {
    const pass = (id: number, rank: number, counts: number[], gatherer = "primary") =>
      JSON.stringify({ forward_pass_id: id, rank, gatherer_key: gatherer, global_physical_count: [counts] });
    const text = [pass(7, 0, [4, 6, 0, 0]), pass(8, 0, [2, 2, 0, 0]), pass(7, 1, [0, 0, 9, 1]), pass(8, 1, [0, 0, 2, 2])];
    const identity = ["--physical-to-logical", "identity", "--every", "1"];
    const found = await profile([...text, pass(7, 0, [9, 9, 9, 9], "draft")].join("\n"), ...identity);
    expect(
      found.stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line).layers[0].loads),
    ).toEqual([
      [4, 6, 9, 1],
      [2, 2, 2, 2],
    ]);
    expect(found.stderr).toMatch(/1 record of gatherer_key "draft" left out/);
    await refused(profile([text[0], text[0]].join("\n"), ...identity), /twice for rank 0/);
  });
});

describe("SGLang", () => {
  test("logical counts: [layers][experts], [steps][layers][experts], documents one after the other", async () => {
    const table = [
      [1, 2, 3],
      [4, 5, 6],
    ];
    expect(await loads(lazarus(["profile-load"], JSON.stringify({ rank: 0, logical_count: table }, null, 2)))).toEqual(table);
    const two = `${JSON.stringify({ logical_count: table })}\n${JSON.stringify({ logical_count: [table, table] })}\n`;
    expect(await loads(lazarus(["profile-load", "--method", "sum"], two))).toEqual([
      [3, 6, 9],
      [12, 15, 18],
    ]);
  });

  test("physical counts need a plan, and give what the plan says", async () => {
    const text = '{"global_physical_count":[[1,2,4],[8,16,32]]}';
    await refused(lazarus(["profile-load"], text), /--physical-to-logical PLAN/);
    writeFileSync(at("plan.json"), '{"physical_to_logical_map":[[0,1,0],[1,1,0]]}');
    expect(await loads(lazarus(["profile-load", "--physical-to-logical", at("plan.json")], text))).toEqual([
      [5, 2],
      [32, 24],
    ]);
    const plan = decodePlan([[0, 1]], "plan");
    const options = { file: "f", byRank: false, physicalToLogical: plan };
    await expect(steps(sglangSteps(each([checkRecordedCounts(JSON.parse(text), "f")]), options))).rejects.toThrow(
      /3 slots, the plan .* 2/,
    );
    await refused(
      lazarus(["profile-load", "--physical-to-logical", "identity"], '{"logical_count":[[1]]}'),
      /logical experts already/,
    );
  });

  test("refusals", async () => {
    await refused(lazarus(["profile-load"], '{"logical_count":[[1,2],[3]]}'), /\[1\]: expected 2 counts/);
    await refused(lazarus(["profile-load"], '{"logical_count":[[1,2.5]]}'), /\[0\]\[1\].*2.5/);
    await refused(lazarus(["profile-load"], '{"logical_count":3}'), /\[layers\]\[experts\]/);
    await refused(lazarus(["profile-load", "--by-rank"], '{"logical_count":[[1]]}'), /source ranks/);
  });
});

describe("MindSpeed", () => {
  test("layers and experts by name", async () => {
    const text = '{"3":{"0":5,"2":1},"4":{"1":7}}\n{"3":{"0":1},"4":{"1":1}}\n';
    expect(await loads(lazarus(["profile-load", "--method", "sum"], text))).toEqual([
      [6, 0, 1],
      [0, 8, 0],
    ]);
  });

  test("refusals", async () => {
    await refused(lazarus(["profile-load"], '{"0":{"1":-5}}'), /expert "1".*-5/);
    await refused(lazarus(["profile-load"], '{"0":{"__proto__":5}}'), /"__proto__"/);
    await refused(lazarus(["profile-load"], '{"0":[5]}'), /layer "0"/);
    await refused(lazarus(["profile-load", "--input-format", "mindspeed"], "{}"), /no counts/);
  });
});

describe("TensorRT-LLM statistics", () => {
  const write = (name: string, files: Record<string, string | Buffer>) => {
    mkdirSync(at(name), { recursive: true });
    for (const [file, content] of Object.entries(files)) writeFileSync(join(at(name), file), content);
    return at(name);
  };
  const meta = '{"num_experts":3,"num_experts_per_token":2}';

  test("ranks add up or stay apart; slots become experts", async () => {
    const path = write("trtllm", {
      "meta_info.json": meta,
      "rank0.safetensors": safetensors({ "100_3": [1, 2, 3], "100_4": [1, 0, 0], "101_3": [5, 0, 0], "101_4": [0, 0, 0] }),
      "rank1.safetensors": safetensors({ "100_3": [4, 0, 0], "101_3": [0, 0, 1], "101_4": [0, 7, 0] }),
      "cooccurrence_rank0.safetensors": "unrelated",
    });
    await refused(lazarus(["profile-load", path]), /say which expert each slot holds/);
    const identity = ["--physical-to-logical", "identity"];
    expect(await loads(lazarus(["profile-load", path, ...identity, "--window", "100:100"]))).toEqual([
      [5, 2, 3],
      [1, 0, 0],
    ]);
    const { stdout } = await lazarus(["profile-load", path, ...identity, "--by-rank", "--window", "last:1"]);
    expect(JSON.parse(stdout).layers).toEqual([
      {
        layer: 3,
        loads: [5, 0, 1],
        byRank: [
          [5, 0, 0],
          [0, 0, 1],
        ],
      },
      {
        layer: 4,
        loads: [0, 7, 0],
        byRank: [
          [0, 0, 0],
          [0, 7, 0],
        ],
      },
    ]);
    writeFileSync(at("balancer.yaml"), "num_slots: 3\ninitial_global_assignments:\n  3: [1, 0, 1]\n  4: [0, 1, 0]\n");
    expect(
      await loads(lazarus(["profile-load", path, "--physical-to-logical", at("balancer.yaml"), "--window", "100:100"])),
    ).toEqual([
      [2, 8],
      [1, 0],
    ]);
  });

  test("refusals", async () => {
    const identity = ["--physical-to-logical", "identity"];
    const good = safetensors({ "1_0": [1, 2, 3] });
    const cases: [Record<string, string | Buffer>, RegExp][] = [
      [{ "meta_info.json": meta }, /no rank\*\.safetensors/],
      [{ "meta_info.json": "{}", "rank0.safetensors": good }, /num_experts/],
      [{ "meta_info.json": meta, "rank0.safetensors": good.subarray(0, -8) }, /outside the file.*cut short|cut short/],
      [{ "meta_info.json": meta, "rank0.safetensors": good.subarray(0, 5) }, /too short/],
      [{ "meta_info.json": meta, "rank0.safetensors": Buffer.from("not safetensors at all") }, /header would have/],
      [{ "meta_info.json": meta, "rank0.safetensors": safetensors({ weights: [1] }) }, /names such as 100_3/],
      [{ "meta_info.json": meta, "rank0.safetensors": safetensors({ "1_0": [1, 2] }) }, /2 counts; expected 3/],
      [{ "meta_info.json": meta, "rank0.safetensors": safetensors({ "1_0": [1, -2, 0] }) }, /-2 at index 1/],
      [
        {
          "meta_info.json": meta,
          "rank0.safetensors": safetensors({ "1_0": [1, 2, 3] }, (header) =>
            Object.assign(header["1_0"] as object, { dtype: "F32" }),
          ),
        },
        /F32/,
      ],
      [{ "notes.txt": "" }, /holds no routing records/],
    ];
    for (const [i, [files, message]] of cases.entries()) {
      await refused(lazarus(["profile-load", write(`bad${i}`, files), ...identity]), message);
    }
    await refused(lazarus(["profile-load", "--input-format", "trtllm"]), /reads a folder/);
  });
});

describe("MindIE hot spots", () => {
  const write = (name: string, files: Record<string, string>) => {
    mkdirSync(at(name), { recursive: true });
    for (const [file, content] of Object.entries(files)) writeFileSync(join(at(name), file), content);
    return at(name);
  };
  const config = '{"num_moe_layers":2,"num_of_experts":4}';
  const identity = ["--physical-to-logical", "identity"];

  test("running totals become steps; slots of all ranks stand side by side", async () => {
    const path = write("mindie", {
      "decode_0.csv": "1,2\n3,4\n2,3\n3,9\n",
      "decode_1.csv": "5,6\n7,8\n5,7\n7,8\n",
      "decode_topk_0.csv": "ignored",
      "model_gen_config.json": config,
    });
    await refused(lazarus(["profile-load", path]), /--physical-to-logical/);
    expect(await loads(lazarus(["profile-load", path, ...identity, "--window", "0:0"]))).toEqual([
      [1, 2, 5, 6],
      [3, 4, 7, 8],
    ]);
    expect(await loads(lazarus(["profile-load", path, ...identity, "--window", "1:1"]))).toEqual([
      [1, 1, 0, 1],
      [0, 5, 0, 0],
    ]);
    expect(await loads(lazarus(["profile-load", path, ...identity, "--method", "sum"]))).toEqual([
      [2, 3, 5, 7],
      [3, 9, 7, 8],
    ]);
    writeFileSync(at("map.json"), "[[0,1,1,2],[2,1,0,0]]");
    expect(await loads(lazarus(["profile-load", path, "--physical-to-logical", at("map.json"), "--window", "0:0"]))).toEqual([
      [1, 7, 6],
      [15, 4, 3],
    ]);
  });

  test("an unfinished snapshot is left out, and that is said", async () => {
    const path = write("unfinished", { "prefill_0.csv": "1,2\n3,4\n2,3\n", "model_gen_config.json": config });
    const { code, stderr, stdout } = await lazarus(["profile-load", path, ...identity]);
    expect([code, JSON.parse(stdout).window.iterations]).toEqual([0, 1]);
    expect(stderr).toMatch(/last snapshot .* left out/);
    expect((await lazarus(["profile-load", path, ...identity, "--quiet"])).stderr).toBe("");
  });

  test("refusals", async () => {
    const cases: [Record<string, string>, RegExp][] = [
      [{ "decode_0.csv": "1\n2\n", "prefill_0.csv": "1\n2\n" }, /decode and prefill/],
      [{ "decode_1.csv": "1\n2\n", "model_gen_config.json": config }, /rank 0 is missing/],
      [{ "decode_0.csv": "1\n2\n" }, /model_gen_config.json.*missing/],
      [{ "decode_0.csv": "1\n", "model_gen_config.json": config }, /no whole snapshot/],
      [{ "decode_0.csv": "1,2\n3\n", "model_gen_config.json": config }, /decode_0.csv:2: row of 1/],
      [{ "decode_0.csv": "1,x\n3,4\n", "model_gen_config.json": config }, /decode_0.csv:1: .*"x"/],
      [{ "decode_0.csv": "5\n5\n4\n6\n", "model_gen_config.json": config }, /falls in snapshot 1/],
      [{ "decode_0.csv": "1\n2\n", "model_gen_config.json": "{}" }, /num_moe_layers/],
    ];
    for (const [i, [files, message]] of cases.entries()) {
      const { code, stderr } = await lazarus(["profile-load", write(`broken${i}`, files), ...identity, "-q"]);
      expect([code, stderr]).toEqual([2, expect.stringMatching(message)]);
    }
  });
});

describe("Parquet", () => {
  test("a file of PyArrow holds the tokens of the CSV beside it", async () => {
    const csv = await lazarus(["profile-load", "test/fixtures/topk.csv", "--by-rank", "--every", "1"]);
    const found = await lazarus(["profile-load", parquet, "--by-rank", "--every", "1"]);
    expect(csv.code).toBe(0);
    expect({ ...found, stderr: sure(found.stderr) }).toEqual({ ...csv, stderr: sure(csv.stderr) });
  });

  test("ids of -1, null elements and null lists are padding, and counted", async () => {
    // By pyarrow, five tokens of one layer: [0,1], [2,-1], [null,1], null, [1,2].
    const { code, stdout, stderr } = await lazarus(["profile-load", "test/fixtures/padded.parquet", "--method", "sum"]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout).layers[0].loads).toEqual([1, 3, 2]);
    expect(sure(stderr)).toBe("lazarus: test/fixtures/padded.parquet: 3 expert ids of -1 (padding) left out\n");
  });

  test("columns by other names, slots by a plan", async () => {
    const renamed = lazarus([
      "profile-load",
      parquet,
      "--columns",
      "experts=topk_ids,iteration=step",
      "--input-format",
      "parquet",
    ]);
    expect(await loads(renamed)).toEqual(await loads(lazarus(["profile-load", parquet])));
    writeFileSync(at("half.json"), JSON.stringify(Array.from({ length: 2 }, () => [0, 1, 2, 3, 0, 1, 2, 3])));
    const halves = await loads(lazarus(["profile-load", parquet, "--physical-to-logical", at("half.json"), "--method", "sum"]));
    const all = await loads(lazarus(["profile-load", parquet, "--method", "sum"]));
    expect(halves).toEqual(all.map((row) => [0, 1, 2, 3].map((e) => (row[e] as number) + (row[e + 4] as number))));
  });

  test("refusals", async () => {
    await refused(
      lazarus(["profile-load", parquet, "--columns", "layer=nothing"]),
      /no column nothing; the file has step, layer, rank, topk_ids/,
    );
    await refused(lazarus(["profile-load", parquet, "--columns", "place=x"]), /NAME=COLUMN/);
    await refused(lazarus(["profile-load", "--input-format", "parquet", "-"]), /cannot come from a pipe/);
    writeFileSync(at("cut.parquet"), readFileSync(parquet).subarray(0, 500));
    await refused(lazarus(["profile-load", at("cut.parquet")]), /cannot be read|is damaged/);
    await refused(lazarus(["profile-load", "--columns", "layer=x"], "iteration,layer,e0\n1,0,1\n"), /Parquet/);
  });
});

test.each([
  ["", /: there is nothing in it; expected a routing log/],
  ["\n \n", /: there is nothing in it; expected a routing log/],
  ['{"a":1}', /: this JSON is none that profile-load knows; expected .*logical_count/],
  ['{"layer":{"expert":4}}', /: this JSON is none that profile-load knows/],
  ['{"type":"placement","version":1}', /this is a placement; a load-profile is wanted here/],
])("what is no record: %j", async (text, message) => {
  const { code, stderr } = await lazarus(["profile-load"], text);
  expect(stderr).toMatch(message);
  expect(code).toBe(2);
});

test("a plan of slots is no use to logs that list experts", async () => {
  await refused(lazarus(["profile-load", "--physical-to-logical", "identity"], "iteration,layer,e0\n1,0,1\n"), /list experts/);
});
