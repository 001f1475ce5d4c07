/** Made-up loads for benchmarks. */

import { randomSource } from "../core/algorithms/random.ts";
import type { LayerLoads } from "../core/layout/placement.ts";

/** Log-normal loads, spread 1, the same for every run with the same seed. */
export function logNormalLayers(layers: number, experts: number, seed = 1): LayerLoads[] {
  const random = randomSource(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random.uniform())) * Math.cos(2 * Math.PI * random.uniform());
  return Array.from({ length: layers }, (_, layer) => ({
    layer,
    loads: Array.from({ length: experts }, () => Math.round(1000 * Math.exp(normal()))),
  }));
}
