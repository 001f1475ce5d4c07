/** Made-up loads for benchmarks. */

import { randomSource } from "../core/algorithms/random.ts";
import type { LayerLoads } from "../core/layout/placement.ts";

/** Log-normal loads, spread 1, the same for every run. */
export function logNormalLayers(layers: number, experts: number): LayerLoads[] {
  const random = randomSource(1);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random.uniform())) * Math.cos(2 * Math.PI * random.uniform());
  return Array.from({ length: layers }, (_, layer) => ({
    layer,
    loads: Array.from({ length: experts }, () => Math.round(1000 * Math.exp(normal()))),
  }));
}
