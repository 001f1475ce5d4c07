/** A small, sound example of every input that the program reads, and the command line that reads it. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import gptS from "../../src/formats/presets/gpt-s.json" with { type: "json" };
import rtx3090 from "../../src/formats/presets/rtx3090.json" with { type: "json" };
import { npy, npyHeader } from "./arrayFiles.ts";
import { inProcess } from "./inProcess.ts";
import { safetensors } from "./safetensors.ts";

/** One kind of input. */
export interface FuzzInput {
  readonly sample: Buffer;
  readonly words: readonly string[];
  /** The file that the input is written to; standard input otherwise. */
  readonly file?: string;
  /** Whether another input, for another command, is of the same format. */
  readonly sameFormat?: boolean;
}

/** The inputs by name, and what removes the files they need. */
export async function fuzzInputs(): Promise<{ inputs: Record<string, FuzzInput>; remove: () => void }> {
  const folder = mkdtempSync(join(tmpdir(), "lazarus-fuzz-"));
  const at = (name: string) => join(folder, name);
  const kept = (name: string, text: string | Buffer) => {
    writeFileSync(at(name), text);
    return at(name);
  };
  const made = async (words: string, input: string) => (await inProcess(words.split(" "), input)).stdout;
  const matrix = "[[5,9,2],[1,1,8]]";
  const mro = "-n 4 -c 2 --placement mro";
  const profile = await made("profile-load", matrix);
  const placement = await made(`place ${mro}`, profile);
  const recovery = await made("recover --failed node3 --joined 1", placement);
  const simulating = "--load-spread 1 --model gpt-s --duration 1m --systems lazarus";
  const simulation = await made(`simulate ${simulating} -n 4`, "");
  const windows = await made("profile-load --every 1 --format csv", "[[[5,9,2],[1,1,8]],[[5,0,2],[1,1,8]]]");
  const rows = await made(`place ${mro} --gpus 3 --format csv`, profile);
  const simulationRows = await made(`simulate ${simulating} -n 4 --format csv`, "");
  const profileFile = kept("profile.json", profile);
  const placementFile = kept("placement.json", placement);
  const parquet = kept("log.parquet", readFileSync("test/fixtures/topk.parquet"));
  mkdirSync(at("trtllm"));
  mkdirSync(at("mindie"));
  const statistics = kept("trtllm/rank0.safetensors", safetensors({ "1_0": [1, 2, 3], "1_1": [3, 2, 1] }));
  const meta = kept("trtllm/meta_info.json", '{"num_experts":3,"num_experts_per_token":2}');
  const spots = kept("mindie/decode_0.csv", "1,2\n3,4\n2,3\n3,9\n");
  const config = kept("mindie/model_gen_config.json", '{"num_moe_layers":2,"num_of_experts":2}');
  const kubernetes = {
    kind: "List",
    items: ["True", "Unknown", "True", "True"].map((status, i) => ({
      kind: "Node",
      metadata: { name: `node${i}` },
      spec: { providerID: `aws:///us-east-1a/i-${i}` },
      status: { conditions: [{ type: "Ready", status }] },
    })),
  };
  const notice = { "detail-type": "EC2 Spot Instance Interruption Warning", detail: { "instance-id": "i-1" } };
  const noticeFile = kept("notice.json", JSON.stringify(notice));

  const given = (words: string, sample: string | Buffer): FuzzInput => ({
    words: words.split(" "),
    sample: Buffer.from(sample),
  });
  const fileGiven = (words: string, file: string): FuzzInput => ({ words: words.split(" "), sample: readFileSync(file), file });
  const load = "profile-load";
  const identity = `${load} --physical-to-logical identity`;
  const failed = `recover ${placementFile} --failed @-`;
  const audit = `place ${profileFile} --audit - -n 2`;
  const trace = `simulate ${simulating} --trace -`;
  const inputs: Record<string, FuzzInput> = {
    "wide log": given(load, "iteration,layer,e0,e1\n1,0,5,6\n1,1,7,8\n2,0,1,2\n2,1,3,4\n"),
    "long log": given(`${load} --by-rank`, "iteration,layer,rank,expert,tokens\n1,0,0,0,5\n1,0,1,1,6\n2,0,0,1,7\n"),
    "token log": given(load, "iteration,layer,token,expert\n1,0,0,1\n1,0,0,0\n1,0,1,1\n2,0,0,2\n"),
    matrix: given(load, "[[[5,9,2],[1,1,8]],\n [[5,0,2],[1,1,8]]]"),
    "megatron records": given(
      load,
      '{"step":1,"layer":0,"rank":0,"top_indices":[[0,2],[1,2]]}\n{"step":2,"layer":0,"top_indices":[[1]]}\n',
    ),
    "sglang counts": given(load, '{"logical_count":[[[1,2],[3,4]],[[5,6],[7,8]]]}'),
    "sglang slots": given(identity, '{"global_physical_count":[[1,2,4],[8,16,32]]}'),
    "mindspeed counts": given(load, '{"3":{"0":5,"2":1},"4":{"1":7}}\n{"3":{"0":1},"4":{"1":1}}\n'),
    "trtllm statistics": fileGiven(`${identity} ${at("trtllm")}`, statistics),
    "trtllm meta": fileGiven(`${identity} ${at("trtllm")}`, meta),
    "mindie spots": fileGiven(`${identity} ${at("mindie")}`, spots),
    "mindie config": fileGiven(`${identity} ${at("mindie")}`, config),
    parquet: fileGiven(`${load} --input-format parquet ${parquet}`, parquet),
    "NumPy array": given(load, npy(npyHeader("<i2", [2, 2]), Buffer.from([1, 0, 2, 0, 3, 0, 4, 0]))),
    "NumPy archive": given(load, readFileSync("test/fixtures/loads.npz")),
    "PyTorch file": given(`${load} --input-format torch`, readFileSync("test/fixtures/recorder/stat.pt")),
    "load-profile": given(`place ${mro}`, profile),
    "load-profile read again": { ...given(`${load} --top-experts 2`, profile), sameFormat: true },
    placement: given("recover --failed node1 --joined fresh", placement),
    "placement to dispatch": { ...given("dispatch-plan --shuffle", placement), sameFormat: true },
    "placement to audit": { ...given("place --audit -", placement), sameFormat: true },
    "windows in CSV": given(`place ${mro}`, windows),
    "placement in CSV": given("recover --failed node1 --joined fresh", rows),
    "simulation in CSV": given("simulate --summarize --format table", simulationRows),
    "recovery-plan": given("dispatch-plan --weights", recovery),
    "vllm plan": given(audit, "[[0,1,2,0],[2,1,0,2]]"),
    "sglang plan": given(audit, '{"physical_to_logical_map":[[0,1,2,0],[2,1,0,2]]}'),
    "ascend plan": given(
      audit,
      '{"moe_layer_count":1,"layer_list":[{"layer_id":0,"device_count":2,"device_list":[{"device_id":0,"device_expert":[0,1]},{"device_id":1,"device_expert":[2,0]}]}]}',
    ),
    "trtllm plan": given(audit, "num_slots: 4\ninitial_global_assignments:\n  0: [0, 1, 2, 0]\n  1: [2, 1, 0, 2]\n"),
    "plan of slots": given(
      `${load} --physical-to-logical - ${kept("counts.json", '{"global_physical_count":[[1,2,4],[8,16,32]]}')}`,
      '{"physical_to_logical_map":[[0,1,0],[1,1,0]]}',
    ),
    "cluster in JSON": given(
      `place ${profileFile} --placement mro --cluster -`,
      '[{"name":"a","slots":4,"gpus":2,"domain":"x"},{"name":"b","slots":3,"domain":"y"}]',
    ),
    "cluster in CSV": given(`place ${profileFile} --placement mro --cluster -`, "name,slots,gpus,domain\na,4,2,x\nb,3,1,\n"),
    "host list": given(failed, "node[3,7-8]\nlogin1\n"),
    sinfo: given(failed, "PARTITION AVAIL  NODES  STATE NODELIST\ngpu* up 2 down* node[3]\ngpu* up 1 idle node2\n"),
    "sacctmgr events": given(failed, "Cluster|NodeName|TimeStart|TimeEnd|State\nc|node1|2026-01-01T00:00:00|Unknown|DOWN\n"),
    "Kubernetes nodes": given(failed, JSON.stringify(kubernetes)),
    "AWS notices": given(
      failed,
      JSON.stringify({ Messages: [{ Body: JSON.stringify({ ...notice, detail: { "instance-id": "node1" } }) }] }),
    ),
    "instances in CSV": given(`recover ${placementFile} --failed @${noticeFile} --instances -`, "instance,node\ni-1,node1\n"),
    "instances in JSON": given(`recover ${placementFile} --failed @${noticeFile} --instances -`, JSON.stringify(kubernetes)),
    "trace of milliseconds": given(trace, "0,add,a\n0,add,b\n20000,remove,b\n30000,add,c\n"),
    "trace of hours": given(trace, "hours,count\n1,4\n1.01,2\n3,3\n"),
    "SkyPilot trace": given(trace, '{"metadata":{"gap_seconds":30},"data":[4,4,1,3]}'),
    "Slurm trace": given(
      trace,
      "NodeName|TimeStart|TimeEnd\nn2|2024-02-29T10:00:00|Unknown\nn1|2024-02-29T10:00:20|2024-02-29T10:00:30\n",
    ),
    "membership-trace": given(
      trace,
      '{"type":"membership-trace","version":1,"events":[{"seconds":0,"event":"add","node":"a"},{"seconds":9,"event":"remove","node":"a"}]}',
    ),
    model: given("simulate --load-spread 1 --duration 1m --systems lazarus -n 4 --model -", JSON.stringify(gptS)),
    hardware: given(
      "simulate --load-spread 1 --model gpt-s --duration 1m --systems ds -n 4 --hardware -",
      JSON.stringify(rtx3090),
    ),
    simulation: given("simulate --summarize --format table", simulation),
  };
  return { inputs, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Runs the command line of an input on these bytes. */
export function readInput({ words, file }: FuzzInput, bytes: Buffer) {
  if (file === undefined) return inProcess(words, bytes);
  writeFileSync(file, bytes);
  return inProcess(words);
}
