/** Seeded randomness: the only source of chance in the core. */
import { uniformFloat64 } from "pure-rand/distribution/uniformFloat64";
import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";

/** A reproducible stream of random numbers. */
export interface RandomSource {
  /** Uniform in [0, 1). */
  uniform(): number;
  /** Uniform whole number in [0, limit). */
  below(limit: number): number;
}

/** The stream that belongs to a seed (whole number, 32 bits are used). */
export function randomSource(seed: number): RandomSource {
  const generator = xoroshiro128plus(seed);
  return {
    uniform: () => uniformFloat64(generator),
    below: (limit) => uniformInt(generator, 0, limit - 1),
  };
}

/** Fisher-Yates shuffle, in place; returns the same array. */
export function shuffle<T>(items: T[], random: RandomSource): T[] {
  for (let i = items.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [items[i], items[j]] = [items[j] as T, items[i] as T];
  }
  return items;
}
