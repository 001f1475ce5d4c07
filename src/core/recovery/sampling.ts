import { randomSource } from "../algorithms/random.ts";

/** Two-sided 95 % quantile of the standard normal distribution. */
const Z = 1.959963984540054;

/**
 * How long random failure orders are survived. One uniform order of the nodes is a sample for every number of failures at
 * once: nodes fail until some host set has no node left. Sets are counted down, so that a sample costs no more than the sets of the
 * nodes that fail before death.
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
  const sizes = Int32Array.from(sets, (set) => set.length);
  const setsOf: number[][] = Array.from({ length: nodes }, () => []);
  sets.forEach((set, s) => {
    for (const node of set) setsOf[node]!.push(s);
  });
  const left = new Int32Array(sets.length);
  const random = randomSource(seed);
  const order = Int32Array.from({ length: nodes }, (_, node) => node);
  // Orders in which the job dies with the k-th failure, at [k].
  const deaths = new Int32Array(nodes + 1);
  for (let sample = 0; sample < samples; sample++) {
    left.set(sizes);
    let failed = 0;
    for (let lives = true; lives; failed++) {
      const pick = failed + random.below(nodes - failed);
      const node = order[pick]!;
      order[pick] = order[failed]!;
      order[failed] = node;
      const held = setsOf[node]!;
      for (let i = 0; i < held.length; i++) {
        left[held[i]!]!--;
        if (left[held[i]!] === 0) lives = false;
      }
    }
    deaths[failed]!++;
  }
  let alive = samples;
  return Float64Array.from(deaths, (died) => {
    alive -= died;
    return alive;
  });
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
