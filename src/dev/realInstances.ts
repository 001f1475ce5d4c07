/** Real loads for programs for developers, where the folder with shared data is there. */
import { existsSync, readFileSync } from "node:fs";
import { readDocument } from "../commands/readDocuments.ts";
import { readProfile } from "../commands/readProfile.ts";
import { type ClusterNode, uniformCluster } from "../core/layout/cluster.ts";
import type { LayerLoads } from "../core/layout/placement.ts";
import { topExperts } from "../core/profile/topExperts.ts";
import { checkLoadProfile } from "../formats/documents/loadProfile.ts";

const DATA = "../shared/data";
/** Of DeepSeek-V3's layers every so many, on nodes of 8 GPUs with slots. */
const EVERY = 12;
const DEEPSEEK = [
  [16, 40],
  [16, 48],
  [32, 32],
  [64, 16],
  [32, 24],
] as const;
/** Profiles that searches were weak on, with nodes and slots. */
const WEAK = [
  ["N16c12E64_profile", 16, 12],
  ["exact2_profile", 8, 4],
  ["gpt-l_sorted", 10, 6],
] as const;
const ITERATION = { window: { kind: "range", from: 201, to: 201 }, byRank: false } as const;

/** Loads and the cluster for them. */
export interface Instance {
  readonly name: string;
  readonly cluster: readonly ClusterNode[];
  readonly layers: readonly LayerLoads[];
}

/** DeepSeek-V3's loads, every so many layers, on clusters of nodes of 8 GPUs; none without the data. */
export function deepSeekInstances(every: number): Instance[] {
  const file = `${DATA}/eplb/dsv3_loads.csv`;
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, "utf8").trim().split("\n").slice(1);
  const layers = lines
    .map((line, layer) => ({ layer, loads: line.split(",").slice(1).map(Number) }))
    .filter(({ layer }) => layer % every === 0);
  return DEEPSEEK.map(([nodes, slots]) => ({
    name: `dsv3 ${nodes} x ${slots}`,
    cluster: uniformCluster(nodes, slots, 8),
    layers,
  }));
}

/** All instances; none without the data. */
export async function realInstances(): Promise<Instance[]> {
  if (!existsSync(DATA)) return [];
  const trace = await readProfile(`${DATA}/smartmoe/layer_loads.csv.gz`, ITERATION);
  const found = deepSeekInstances(EVERY);
  for (const [name, nodes, slots] of WEAK) {
    const { layers } = await readDocument(`${DATA}/search/${name}.json`, checkLoadProfile);
    found.push({ name, cluster: uniformCluster(nodes, slots), layers });
  }
  found.push({ name: "smartmoe 10 x 6", cluster: uniformCluster(10, 6), layers: topExperts(trace, 16).layers });
  return found;
}
