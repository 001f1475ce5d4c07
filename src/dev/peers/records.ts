/** Routing records by Megatron-Core, pyarrow, numpy, safetensors and torch.save, read by `lazarus profile-load`. */
import { mkdirSync } from "node:fs";
import { randomSource } from "../../core/algorithms/random.ts";
import { countTokens, drawRouting } from "./drawn.ts";
import { versions } from "./environment.ts";
import { readBack } from "./readBack.ts";
import { compared, type Outcome, type Workplace } from "./workplace.ts";

const [EXPERTS, LAYERS, STEPS, TOP_K] = [6, 3, 4, 2];
const routing = drawRouting({ steps: STEPS, layers: LAYERS, k: TOP_K, limit: EXPERTS }, randomSource(5));
const loads = countTokens(routing, EXPERTS);

/** Top-k ids that Megatron-Core's RouterReplay records of drawn scores. */
export function checkMegatron(work: Workplace): Outcome[] {
  const random = randomSource(6);
  // Scores whose top-k are the drawn ids.
  const steps = routing.map((layers) =>
    layers.map((tokens) =>
      tokens.map((ids) => Array.from({ length: EXPERTS }, (_, expert) => random.uniform() + (ids.includes(expert) ? 1 : 0))),
    ),
  );
  const about = {
    peer: "megatron-core",
    version: versions["megatron-core"],
    case: "RouterReplay's ids as JSON lines (the release writes no trace itself)",
  };
  const [answer] = work.ask<string>("megatron_replay.py", [{ file: work.path("trace.jsonl"), steps, layers: LAYERS, k: TOP_K }]);
  if (answer === undefined || "error" in answer) return [compared(about, answer?.error ?? "no answer")];
  return [readBack(work, about, answer.value, { loads })];
}

const LISTS = "list int64";
const parquetCases: { said: string; experts: string; options: object; nulls?: boolean; narrow?: boolean }[] = [
  { said: "plain", experts: LISTS, options: { compression: "none", use_dictionary: false } },
  { said: "dictionary", experts: LISTS, options: { compression: "none", use_dictionary: true } },
  { said: "snappy", experts: LISTS, options: { compression: "snappy" } },
  { said: "zstd", experts: LISTS, options: { compression: "zstd" } },
  { said: "gzip", experts: LISTS, options: { compression: "gzip" } },
  { said: "brotli", experts: LISTS, options: { compression: "brotli" } },
  { said: "lz4", experts: LISTS, options: { compression: "lz4" } },
  { said: "row groups of 7", experts: LISTS, options: { row_group_size: 7 } },
  { said: "data pages of version 2", experts: LISTS, options: { data_page_version: "2.0" } },
  { said: "format 1.0", experts: LISTS, options: { version: "1.0" } },
  { said: "list<int32>", experts: "list int32", options: {} },
  { said: "large_list", experts: "large_list int64", options: {} },
  { said: "fixed_size_list", experts: "fixed list of 2 int64", options: {} },
  { said: "one expert a row, int8 to uint16", experts: "uint16", options: {}, narrow: true },
  { said: "delta and byte-split encodings", experts: "uint16", options: deltas(), narrow: true },
  { said: "null among experts", experts: LISTS, options: {}, nulls: true },
];

function deltas(): object {
  const encoding = { iteration: "DELTA_BINARY_PACKED", layer: "DELTA_BINARY_PACKED", experts: "BYTE_STREAM_SPLIT" };
  return { use_dictionary: false, column_encoding: encoding };
}

/** The token whose experts are null and 1 where there are nulls. */
const ROW_WITH_NULL = 3;

/** One line of the table for each way to write the same ids. A null is no id: it must not be counted as one. */
export function checkParquet(work: Workplace): Outcome[] {
  const rows = routing.flatMap((layers, iteration) =>
    layers.flatMap((tokens, layer) => tokens.map((experts) => ({ iteration, layer, experts }))),
  );
  const answers = work.ask<string>(
    "tables.py",
    parquetCases.map(({ experts, options, nulls, narrow }, index) => {
      const flat = narrow ? rows.flatMap((row) => row.experts.map((expert) => ({ ...row, experts: expert }))) : rows;
      return {
        kind: "parquet",
        file: work.path(`routing${index}.parquet`),
        columns: {
          iteration: flat.map((row) => row.iteration),
          layer: flat.map((row) => row.layer),
          experts: flat.map((row, at) => (nulls && at === ROW_WITH_NULL ? [null, 1] : row.experts)),
        },
        types: { iteration: narrow ? "int32" : "int64", layer: narrow ? "int8" : "int64", experts },
        options,
      };
    }),
  );
  return answers.map((answer, index) => {
    const { said = "", nulls } = parquetCases[index] ?? {};
    const about = { peer: "pyarrow", version: versions.pyarrow, case: `Parquet, ${said}` };
    if ("error" in answer) return compared(about, answer.error);
    return readBack(work, about, answer.value, {
      loads: nulls ? loadsWithNull() : loads,
      mayRefuse: nulls ? /an expert is (null|undefined)/ : /cannot unpack/,
    });
  });
}

/** Loads where a null is left out: the token, in the first step and layer, has expert 1 alone. */
function loadsWithNull(): number[][] {
  const changed = routing.map((layers, step) =>
    layers.map((tokens, layer) => tokens.map((ids, token) => (step === 0 && layer === 0 && token === ROW_WITH_NULL ? [1] : ids))),
  );
  return countTokens(changed, EXPERTS);
}

/** Loads and counts in files of numpy, safetensors and torch.save. */
export function checkTables(work: Workplace): Outcome[] {
  mkdirSync(work.path("statistics"));
  work.file("statistics/meta_info.json", JSON.stringify({ num_experts: EXPERTS, num_experts_per_token: TOP_K }));
  const steps = routing.map((step) => countTokens([step], EXPERTS));
  const tensors = Object.fromEntries(
    steps.flatMap((layers, step) => layers.map((counts, layer) => [`${step}_${layer}`, counts])),
  );
  const identity = ["--physical-to-logical", "identity"];
  const cases = [
    {
      peer: "numpy",
      said: ".npy, int64 [steps][layers][experts]",
      write: { kind: "npy", counts: steps, dtype: "int64" },
      file: "a.npy",
    },
    {
      peer: "numpy",
      said: ".npy, float32 [layers][experts]",
      write: { kind: "npy", counts: loads, dtype: "float32" },
      file: "b.npy",
    },
    { peer: "numpy", said: ".npz, int32", write: { kind: "npz", name: "loads", counts: steps, dtype: "int32" }, file: "c.npz" },
    {
      peer: "torch",
      said: "torch.save, logical_count",
      write: { kind: "torch", name: "logical_count", counts: steps },
      file: "d.pt",
    },
    {
      peer: "safetensors",
      said: "TensorRT-LLM's rank0.safetensors",
      write: { kind: "safetensors", tensors },
      file: "statistics/rank0.safetensors",
      read: "statistics",
      options: identity,
    },
  ] as const;
  const answers = work.ask<string>(
    "tables.py",
    cases.map(({ write, file }) => ({ ...write, file: work.path(file) })),
  );
  return cases.map((tested, index) => {
    const about = { peer: tested.peer, version: versions[tested.peer], case: tested.said };
    const answer = answers[index];
    if (answer === undefined || "error" in answer) return compared(about, answer?.error ?? "no answer");
    const file = "read" in tested ? work.path(tested.read) : answer.value;
    return readBack(work, about, file, {
      loads,
      options: "options" in tested ? tested.options : [],
    });
  });
}
