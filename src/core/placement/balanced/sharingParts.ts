import { type RandomSource, randomSource } from "../../algorithms/random.ts";
import type { RankProblem } from "./rankProblem.ts";
import { searchPacking } from "./searchPacking.ts";

/** Ranks that share the load of some experts evenly. */
export interface SharingPart {
  readonly ranks: number[];
  readonly experts: number[];
}

/**
 * Splits ranks and experts into as few parts as the slots allow, with as even a load per rank as the search finds.
 * @param order the ranks; a part takes a run of them
 */
export function sharingParts(problem: RankProblem, order: readonly number[]): SharingPart[] {
  const { loads, ranks, lowerBound, effort, seed } = problem;
  const random = randomSource(seed);
  const slots = order.reduce((sum, r) => sum + ranks[r]!.slots, 0);
  const everyExpert = loads.map((_, expert) => expert);
  const count = order.length - (slots - loads.length);
  if (count <= 1) return [{ ranks: [...order], experts: everyExpert }];

  const peak = (lowerBound * loads.reduce((sum, load) => sum + load, 0)) / ranks.length;
  const splits: number[][][] = [];
  const startOf = (run: number) => {
    const unsplit = [...order];
    const sizes = partSizes(loads, order.length, count, peak, run === 0 ? undefined : random);
    const split = sizes.map((size) => unsplit.splice(0, size));
    splits[run] = split;
    const room = split.map((members) => members.reduce((sum, r) => sum + ranks[r]!.slots - 1, 1));
    return { loads, held: heaviestFirst(loads, sizes, room), gpus: sizes, nodes: sizes.map((_, part) => part), minHosts: 1 };
  };
  const { packing, run } = searchPacking(startOf, { effort, random, recounts: false, lowerBound: peak });
  const held = packing.held();
  return splits[run]!.map((members, part) => ({ ranks: members, experts: held[part]! }));
}

/**
 * Ranks in each part: the heaviest experts seed the parts, ranks go where a seed alone would exceed the peak, and the rest to the
 * smallest parts, or to any.
 */
function partSizes(loads: readonly number[], ranks: number, count: number, peak: number, anyPart?: RandomSource): number[] {
  const seeds = [...loads].sort((a, b) => b - a).slice(0, count);
  const sizes = new Array<number>(count).fill(1);
  const perRank = (part: number) => (seeds[part] ?? 0) / sizes[part]!;
  for (let left = ranks - count; left > 0; left--) {
    let hottest = 0;
    let smallest = 0;
    for (let part = 1; part < count; part++) {
      if (perRank(part) > perRank(hottest)) hottest = part;
      if (sizes[part]! < sizes[smallest]!) smallest = part;
    }
    const next = perRank(hottest) > peak * (1 + 1e-12) ? hottest : (anyPart?.below(count) ?? smallest);
    sizes[next]!++;
  }
  return sizes;
}

/**
 * Every expert in the part with room that it leaves with the least load per GPU, heaviest expert first.
 * @param room experts that fit into each part
 * @returns shape [parts][experts]
 */
function heaviestFirst(loads: readonly number[], gpus: readonly number[], room: readonly number[]): number[][] {
  const held: number[][] = gpus.map(() => []);
  const partLoads = gpus.map(() => 0);
  const byLoad = loads.map((_, expert) => expert).sort((a, b) => loads[b]! - loads[a]! || a - b);
  for (const expert of byLoad) {
    let best = -1;
    let least = Infinity;
    for (let part = 0; part < gpus.length; part++) {
      const load = (partLoads[part]! + loads[expert]!) / gpus[part]!;
      if (held[part]!.length < room[part]! && load < least) {
        best = part;
        least = load;
      }
    }
    held[best]!.push(expert);
    partLoads[best]! += loads[expert]!;
  }
  return held;
}
