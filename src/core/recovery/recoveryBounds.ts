import { popcount } from "./popcount.ts";

/** Most host sets whose pairs are looked at: half a million pairs. */
const PAIRED_SETS = 1000;

/**
 * Bounds that hold for certain on the recovery probability, from single host sets and pairs of them: with S1 the sum over
 * the sets of the probability that all their nodes fail, and S2 the same of pairs, the probability that some set fails is at
 * most S1 (Boole) and at least 2 S1 / (i + 1) - 2 S2 / (i (i + 1)) with i = 1 + floor(2 S2 / S1) (Dawson and Sankoff 1967). They close in where few
 * nodes fail and death is too rare to be sampled.
 *
 * @param sets minimal host sets, smallest first, over nodes 0..nodes-1; of many, the pairs of the smallest serve
 * @returns bounds on the probability to survive k failed nodes drawn uniformly, shape [nodes + 1] each
 */
export function recoveryBounds(
  sets: readonly (readonly number[])[],
  nodes: number,
): { readonly least: Float64Array; readonly most: Float64Array } {
  const paired = sets.slice(0, PAIRED_SETS);
  const ofAll = expectedFailures(countBySize(sets, nodes));
  const ofPaired = expectedFailures(countBySize(paired, nodes));
  const ofPairs = expectedFailures(countPairsBySize(paired, nodes));
  const atMost = (sum: number, pairs: number): number => {
    if (sum === 0) return 1;
    const i = 1 + Math.floor((2 * pairs) / sum);
    return Math.min(1, 1 - (2 * sum) / (i + 1) + (2 * pairs) / (i * (i + 1)));
  };
  return {
    least: ofAll.map((sum) => Math.max(0, 1 - sum)),
    most: ofPaired.map((sum, k) => atMost(sum, ofPairs[k]!)),
  };
}

/** How many of some node sets fail in the mean when k nodes do, given how many there are of each size; shape [nodes + 1]. */
function expectedFailures(countOfSize: Float64Array): Float64Array {
  const nodes = countOfSize.length - 1;
  return Float64Array.from({ length: nodes + 1 }, (_, k) => {
    let sum = 0;
    let fails = 1;
    for (let size = 0; size <= k; size++) {
      sum += countOfSize[size]! * fails;
      fails *= (k - size) / (nodes - size);
    }
    return sum;
  });
}

function countBySize(sets: readonly (readonly number[])[], nodes: number): Float64Array {
  const counts = new Float64Array(nodes + 1);
  for (const set of sets) counts[set.length]!++;
  return counts;
}

/** Unions of two sets by size, shape [nodes + 1]. */
function countPairsBySize(sets: readonly (readonly number[])[], nodes: number): Float64Array {
  const words = Math.ceil(nodes / 32);
  const bits = new Int32Array(sets.length * words);
  sets.forEach((set, s) => {
    for (const node of set) bits[s * words + (node >> 5)]! |= 1 << (node & 31);
  });
  const counts = new Float64Array(nodes + 1);
  for (let a = 0; a < sets.length; a++) {
    for (let b = 0; b < a; b++) {
      let size = 0;
      for (let word = 0; word < words; word++) size += popcount(bits[a * words + word]! | bits[b * words + word]!);
      counts[size]!++;
    }
  }
  return counts;
}
