import { randomSource } from "../algorithms/random.ts";

/** Two-sided 95 % quantile of the standard normal distribution. */
const Z = 1.959963984540054;

/**
 * How long random failure orders are survived. One uniform order of the nodes is a sample for every number of failures at
 * once: the job lives as long as the nodes still to fail hit every host set. So the order is drawn backwards, from the node
 * that fails last, until all sets are hit.
 *
 * @param sets minimal host sets, at least one and none of them empty, over nodes 0..nodes-1
 * @returns of `samples` orders, how many survive the first k failures, shape [nodes + 1]
 */
export function sampleSurvivors(
  sets: readonly (readonly number[])[],
  nodes: number,
  samples: number,
  seed: number,
): Float64Array {
  const words = Math.ceil(sets.length / 32);
  // Sets that hold a node, one bit each, shape [nodes][words]. Bits beyond the last set count as hit.
  const holds = new Int32Array(nodes * words);
  sets.forEach((set, s) => {
    for (const node of set) holds[node * words + (s >> 5)]! |= 1 << (s & 31);
  });
  const beyond = sets.length % 32 === 0 ? 0 : -1 << (sets.length % 32);
  const hit = new Int32Array(words);
  const random = randomSource(seed);
  const order = Int32Array.from({ length: nodes }, (_, node) => node);
  // Orders in which the job dies with the k-th failure, at [k].
  const deaths = new Int32Array(nodes + 1);
  for (let sample = 0; sample < samples; sample++) {
    hit.fill(0);
    hit[words - 1] = beyond;
    let firstOpen = 0;
    let toFail = nodes;
    for (; firstOpen < words; toFail--) {
      const pick = random.below(toFail);
      const node = order[pick]!;
      order[pick] = order[toFail - 1]!;
      order[toFail - 1] = node;
      for (let word = firstOpen; word < words; word++) hit[word]! |= holds[node * words + word]!;
      while (firstOpen < words && hit[firstOpen] === -1) firstOpen++;
    }
    deaths[toFail + 1]!++;
  }
  const survivors = new Float64Array(nodes + 1);
  let alive = samples;
  for (let k = 0; k <= nodes; k++) {
    alive -= deaths[k]!;
    survivors[k] = alive;
  }
  return survivors;
}

/**
 * 95 % interval of a proportion: Wilson's score interval, and where all samples agree the exact (Clopper-Pearson) limit.
 * @returns [low, high]
 */
export function proportionInterval(successes: number, samples: number): [low: number, high: number] {
  const exactLimit = 0.025 ** (1 / samples);
  if (successes === samples) return [exactLimit, 1];
  if (successes === 0) return [0, 1 - exactLimit];
  const share = successes / samples;
  const shrink = 1 + (Z * Z) / samples;
  const centre = (share + (Z * Z) / (2 * samples)) / shrink;
  const half = (Z / shrink) * Math.sqrt((share * (1 - share)) / samples + (Z * Z) / (4 * samples * samples));
  return [centre - half, centre + half];
}
