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
  const largest = countOfSize.findLastIndex((count) => count > 0);
  return Float64Array.from({ length: nodes + 1 }, (_, k) => {
    let sum = 0;
    let fails = 1;
    for (let size = 0; size <= Math.min(k, largest); size++) {
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

/** Unions of two sets by size, shape [nodes + 1]. Only sets that meet are looked at in pairs. */
function countPairsBySize(sets: readonly (readonly number[])[], nodes: number): Float64Array {
  const counts = new Float64Array(nodes + 1);
  const before: number[][] = Array.from({ length: nodes }, () => []);
  const common = new Int32Array(sets.length);
  const ofSize = new Map<number, number>();
  sets.forEach((set, s) => {
    const met: number[] = [];
    for (const node of set) {
      for (const other of before[node]!) if (common[other]!++ === 0) met.push(other);
      before[node]!.push(s);
    }
    const apart = new Map(ofSize);
    for (const other of met) {
      const size = sets[other]!.length;
      apart.set(size, apart.get(size)! - 1);
      counts[set.length + size - common[other]!]!++;
      common[other] = 0;
    }
    for (const [size, others] of apart) if (others > 0) counts[set.length + size]! += others;
    ofSize.set(set.length, (ofSize.get(set.length) ?? 0) + 1);
  });
  return counts;
}
