/** Items of different weight into packs of equal count. */
import { LowestFirst } from "./lowestFirst.ts";

/**
 * Greedy packing: the heaviest item left goes into the lightest pack that has room, and every pack gets the same number of
 * items. Equal items keep their order, equal packs go lowest id first, and pack weights add up in float32, as in DeepSeek's
 * balancer; with one item per pack, item i is pack i.
 * @param weights of the items, float32 values >= 0, shape [items]; at most 2^21 items, a multiple of `packs`
 * @returns place of each item, shape [items]: pack * (items per pack) + rank within the pack
 */
export function packEvenly(weights: readonly number[], packs: number): number[] {
  const perPack = weights.length / packs;
  const places = weights.map((_, item) => item);
  if (perPack === 1) return places;
  const packWeights = new Array<number>(packs).fill(0);
  const packItems = new Array<number>(packs).fill(0);
  const lightest = new LowestFirst(packWeights);
  const order = heaviestFirst(weights);
  for (let i = 0; i < order.length; i++) {
    const item = order[i]!;
    const pack = lightest.first();
    const rank = packItems[pack]!;
    places[item] = pack * perPack + rank;
    packItems[pack] = rank + 1;
    packWeights[pack] = Math.fround(packWeights[pack]! + weights[item]!);
    if (rank + 1 === perPack) lightest.removeFirst();
    else lightest.sink();
  }
  return places;
}

/**
 * Item ids by weight, descending and stable. Weight and id are packed into one number each (32 bits of weight, 21 of id), so
 * that the engine sorts plain numbers: bit patterns of floats that are not negative sort as the floats do.
 */
function heaviestFirst(weights: readonly number[]): Float64Array {
  const idRange = 2 ** 21;
  const bits = new Uint32Array(new Float32Array(weights).buffer);
  const keys = new Float64Array(weights.length);
  for (let item = 0; item < keys.length; item++) keys[item] = (0xffffffff - bits[item]!) * idRange + item;
  keys.sort();
  for (let i = 0; i < keys.length; i++) keys[i] = keys[i]! - Math.floor(keys[i]! / idRange) * idRange;
  return keys;
}
