import { randomSource } from "../algorithms/random.ts";

/** Two-sided 95 % quantile of the standard normal distribution. */
const Z = 1.959963984540054;

/**
 * How long random failure orders are survived. One uniform order of the nodes is a sample for every number of failures at
 * once: nodes fail until some host set has no node left. Of every set one live member is watched, so that most failures cost
 * next to nothing, however many sets a node is in.
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
  // A set is watched at one member that lives; all that is known of the others is that some may live. Sets watched at a node
  // form a list: watched[node], following[set], ..., -1.
  const watched = new Int32Array(nodes).fill(-1);
  const following = new Int32Array(sets.length);
  const watchedMember = new Int32Array(sets.length);
  sets.forEach(([first], s) => {
    following[s] = watched[first!]!;
    watched[first!] = s;
  });
  const hasFailed = new Uint8Array(nodes);
  const random = randomSource(seed);
  const order = Int32Array.from({ length: nodes }, (_, node) => node);
  // Orders in which the job dies with the k-th failure, at [k].
  const deaths = new Int32Array(nodes + 1);
  for (let sample = 0; sample < samples; sample++) {
    hasFailed.fill(0);
    let failed = 0;
    for (let lives = true; lives; failed++) {
      const pick = failed + random.below(nodes - failed);
      const node = order[pick]!;
      order[pick] = order[failed]!;
      order[failed] = node;
      hasFailed[node] = 1;
      while (lives && watched[node]! >= 0) {
        const s = watched[node]!;
        const set = sets[s]!;
        let member = watchedMember[s]!;
        let tried = 0;
        for (; tried < set.length && hasFailed[set[member]!] === 1; tried++) member = member + 1 === set.length ? 0 : member + 1;
        if (tried === set.length) {
          lives = false;
          break;
        }
        watchedMember[s] = member;
        watched[node] = following[s]!;
        following[s] = watched[set[member]!]!;
        watched[set[member]!] = s;
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
