/** Every reader of binary files with a small, sound example: the property in test/claims holds for all of them. */
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
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
