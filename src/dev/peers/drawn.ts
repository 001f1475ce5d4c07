/** Loads and routing that are drawn for the checks. */
import type { RandomSource } from "../../core/algorithms/random.ts";

/** Tokens of each expert: few with very many, as routing is; all distinct, or with ties. Shape [experts]. */
export function drawLoads(experts: number, ties: boolean, random: RandomSource): number[] {
  const loads = new Set<number>();
  while (!ties && loads.size < experts) loads.add(Math.floor(10 ** (1 + 4 * random.uniform())));
  return ties ? Array.from({ length: experts }, () => random.below(6)) : [...loads];
}

/** `k` different ids below `limit`. */
function drawIds(k: number, limit: number, random: RandomSource): number[] {
  const ids = new Set<number>();
  while (ids.size < k) ids.add(Math.floor(limit * random.uniform() ** 2));
  return [...ids];
}

/** Top-k ids, shape [steps][layers][tokens][k]; every step has another number of tokens. */
export function drawRouting(
  { steps, layers, k, limit }: { steps: number; layers: number; k: number; limit: number },
  random: RandomSource,
): number[][][][] {
  return Array.from({ length: steps }, () => {
    const tokens = 5 + random.below(20);
    return Array.from({ length: layers }, () => Array.from({ length: tokens }, () => drawIds(k, limit, random)));
  });
}

/** Tokens of each expert by layer, added up over steps. Shape [layers][experts]. */
export function countTokens(
  routing: readonly (readonly (readonly (readonly number[])[])[])[],
  experts: number,
  expertOf: (layer: number, id: number) => number = (_, id) => id,
): number[][] {
  const counts = (routing[0] ?? []).map(() => new Array<number>(experts).fill(0));
  for (const layers of routing) {
    for (const [layer, tokens] of layers.entries()) {
      const row = counts[layer] as number[];
      for (const id of tokens.flat()) row[expertOf(layer, id)] = (row[expertOf(layer, id)] ?? 0) + 1;
    }
  }
  return counts;
}
