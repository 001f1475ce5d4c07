/** Seeded randomness: the only source of chance in the core. */
import { uniformFloat64 } from "pure-rand/distribution/uniformFloat64";
import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plusFromState } from "pure-rand/generator/xoroshiro128plus";

/** What splitmix adds from word to word: 2^32 over the golden ratio, made odd. */
const GOLDEN_GAMMA = 0x9e3779b9;

/** A reproducible stream of random numbers. */
export interface RandomSource {
  /** Uniform in [0, 1). */
  uniform(): number;
  /** Uniform whole number in [0, limit). */
  below(limit: number): number;
}

/**
 * The stream that belongs to a seed (whole number, 32 bits are used). The generator's own seeding copies the seed into its
 * state, so that neighbouring seeds begin alike; here splitmix's sequence fills the state, as the generator's authors advise.
 * @param stream one of the seed's streams (whole number): where a seed draws several things that must not depend on each other
 */
export function randomSource(seed: number, stream = 0): RandomSource {
  const start = seed ^ scrambled(stream);
  const generator = xoroshiro128plusFromState([1, 2, 3, 4].map((word) => scrambled(start + Math.imul(word, GOLDEN_GAMMA))));
  return {
    uniform: () => uniformFloat64(generator),
    below: (limit) => uniformInt(generator, 0, limit - 1),
  };
}

/**
 * Spreads the bits of a number over 32 bits, one to one: Murmur's finaliser with the multipliers of Wellons' hash prospector.
 * Being one to one it is zero for one word of a state at most, and the generator needs a state that is not all zero.
 */
function scrambled(word: number): number {
  let bits = word | 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x21f0aaad);
  bits = Math.imul(bits ^ (bits >>> 15), 0x735a2d97);
  return bits ^ (bits >>> 15);
}

/** Fisher-Yates shuffle, in place; returns the same array. */
export function shuffle<T>(items: T[], random: RandomSource): T[] {
  for (let i = items.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [items[i], items[j]] = [items[j]!, items[i]!];
  }
  return items;
}
