/** Items of different weight into packs of equal count. */
import { LowestFirst } from "./lowestFirst.ts";

/**
 * Greedy packing: the heaviest item left goes into the lightest pack that has room, and every pack gets the same number of
 * items. Equal items keep their order, equal packs go lowest id first, and pack weights add up in float32, as in DeepSeek's
 * balancer; with one item per pack, item i is pack i.
 * @param weights of the items, float32 values >= 0, shape [items]; as many as a multiple of `packs`
 * @returns place of each item, shape [items]: pack * (items per pack) + rank within the pack
 */
export function packEvenly(weights: readonly number[], packs: number): number[] {
  const perPack = weights.length / packs;
  const places = weights.map((_, item) => item);
  if (perPack === 1) return places;
  const packWeights = new Float64Array(packs);
  const packItems = new Int32Array(packs);
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

/** Item ids by weight, descending and stable. Only distinct weights are sorted: replicas of an expert weigh the same. */
function heaviestFirst(weights: readonly number[]): Int32Array {
  const counts = new Map<number, number>();
  for (const weight of weights) counts.set(weight, (counts.get(weight) ?? 0) + 1);
  const next = new Map<number, number>();
  let first = 0;
  for (const weight of Float64Array.from(counts.keys()).sort().reverse()) {
    next.set(weight, first);
    first += counts.get(weight)!;
  }
  const order = new Int32Array(weights.length);
  weights.forEach((weight, item) => {
    const at = next.get(weight)!;
    order[at] = item;
    next.set(weight, at + 1);
  });
  return order;
}
