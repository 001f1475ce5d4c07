import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import type { LayerLoads } from "../../src/core/layout/placement.ts";
import { sharedData } from "./lazarus.ts";

/** Loads of the most loaded experts of each layer, in id order, from the real trace at one iteration. */
export function traceLoads(iteration: number, experts: number): LayerLoads[] {
  const text = gunzipSync(readFileSync(`${sharedData}/smartmoe/layer_loads.csv.gz`)).toString();
  return text
    .split("\n")
    .filter((line) => line.startsWith(`${iteration},`))
    .map((line) => {
      const [, layer, ...loads] = line.split(",").map(Number);
      const byLoad = [...loads.keys()].sort((a, b) => (loads[b] as number) - (loads[a] as number) || a - b);
      const kept = byLoad.slice(0, experts).sort((a, b) => a - b);
      return { layer: layer as number, loads: kept.map((expert) => loads[expert] as number) };
    });
}
