/** Every reader of binary files with a small, sound example: the property in test/claims holds for all of them. */
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { npy, npyHeader, pickle, torchSaved, zip } from "./arrayFiles.ts";
import { safetensors } from "./safetensors.ts";

/** One kind of file; FILE in the words stands for it, FOLDER for the folder in which it lies. */
export interface BinaryReader {
  readonly name: string;
  /** What the file has to be called. */
  readonly file: string;
  readonly sample: Buffer;
  readonly words: string;
  /** Other files of the folder. */
  readonly beside?: Readonly<Record<string, string>>;
}

const parquet = (name: string): BinaryReader => ({
  name: `parquet ${name}`,
  file: "log.parquet",
  sample: readFileSync(`test/fixtures/${name}.parquet`),
  words: "profile-load --input-format parquet FILE",
});
const gzip = (name: string, text: string): BinaryReader => ({
  name: `gzip ${name}`,
  file: "log.gz",
  sample: gzipSync(text),
  words: "profile-load FILE",
});
const numSlots = "num_slots: 4\ninitial_global_assignments:\n  0: [0, 1, 2, 0]\n  1:\n  - 2\n  - 1\n  - 0\n  - 2\n";

const numbers = Buffer.from(new BigInt64Array([1n, 2n, 3n, 4n, 5n, 6n]).buffer);
const array = npy(npyHeader("<i8", [1, 2, 3]), numbers);
const array2 = npy(npyHeader(">u2", [2, 3], true), numbers.subarray(0, 12), 2);
const tensor = pickle.tensor("0", "LongStorage", 6, [2, 3], [3, 1]);
const records = pickle.list(
  pickle.dictionary({ forward_pass_id: pickle.number(1), rank: pickle.number(0), global_physical_count: tensor }),
);
const dump = pickle.dictionary({ records, last_physical_to_logical_map: pickle.tensor("1", "LongStorage", 6, [2, 3], [3, 1]) });
const map = Buffer.from(new BigInt64Array([0n, 1n, 2n, 2n, 1n, 0n]).buffer);
const arrays = (name: string, file: string, sample: Buffer): BinaryReader => ({ name, file, sample, words: "profile-load FILE" });

/** One line a reader. */
export const binaryReaders: readonly BinaryReader[] = [
  parquet("topk"),
  parquet("parquet/lists-v1-plain"),
  parquet("parquet/lists-v2-gzip"),
  parquet("parquet/delta"),
  {
    name: "safetensors",
    file: "rank0.safetensors",
    sample: safetensors({ "1_0": [1, 2, 3], "1_1": [3, 2, 1] }),
    words: "profile-load --physical-to-logical identity FOLDER",
    beside: { "meta_info.json": '{"num_experts":3}' },
  },
  arrays("npy", "loads.npy", array),
  arrays("npy of version 2 in Fortran's order", "loads.npy", array2),
  arrays("npz", "loads.npz", zip({ "loads.npy": array })),
  arrays("npz, packed, zip64", "loads.npz", zip({ "loads.npy": array }, { deflate: true, zip64: true })),
  arrays("torch list of tensors", "loads.pt", torchSaved(pickle.list(tensor, tensor), { 0: numbers })),
  arrays("torch dump of a recorder, packed", "dump.pt", torchSaved(dump, { 0: numbers, 1: map }, { deflate: true })),
  {
    name: "torch dump in a folder",
    file: "expert_distribution_recorder_1_0.pt",
    sample: readFileSync("test/fixtures/recorder/per_pass/expert_distribution_recorder_1_0.pt"),
    words: "profile-load FOLDER",
  },
  gzip("CSV", "iteration,layer,e0,e1\n1,0,5,6\n1,1,7,8\n"),
  gzip("JSON", '{"logical_count":[[1,2],[3,4]]}'),
  {
    name: "YAML plan",
    file: "plan.yaml",
    sample: Buffer.from(numSlots),
    words: "profile-load --physical-to-logical FILE FOLDER/counts.json",
    beside: { "counts.json": '{"global_physical_count":[[1,2,4,1],[8,16,32,1]]}' },
  },
];
