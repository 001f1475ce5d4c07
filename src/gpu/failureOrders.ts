/** Random failure orders of nodes, and who is alive on the way, as words of bits. */
import { randomSource, shuffle } from "../core/algorithms/random.ts";

/** Bits of a word: every whole number below 2^24 is exact in single precision, in which kernels compute. */
const WORD_BITS = 24;

/** Words that a set of nodes takes. */
export function wordsOf(nodes: number): number {
  return Math.ceil(nodes / WORD_BITS);
}

/** Host sets as words, shape [sets][words]. */
export function hostSetWords(sets: readonly (readonly number[])[], nodes: number): Float32Array {
  const words = wordsOf(nodes);
  const masks = new Float32Array(sets.length * words);
  sets.forEach((set, s) => {
    for (const node of set) masks[s * words + Math.floor(node / WORD_BITS)]! += 2 ** (node % WORD_BITS);
  });
  return masks;
}

/** A stream of uniform orders in which all nodes fail; the same seed gives the same orders. */
export function failureOrders(nodes: number, seed: number): () => readonly number[] {
  const random = randomSource(seed);
  return () =>
    shuffle(
      Array.from({ length: nodes }, (_, node) => node),
      random,
    );
}

/**
 * Who is alive after 1, 2, ... failures in each of these orders, as words, shape [samples][nodes][words]. Where orders are
 * fewer than samples, nobody is alive, which no host set survives.
 */
export function aliveWords(orders: readonly (readonly number[])[], samples: number, nodes: number): Float32Array {
  const words = wordsOf(nodes);
  const alive = new Float32Array(samples * nodes * words);
  const everybody = hostSetWords([Array.from({ length: nodes }, (_, node) => node)], nodes);
  const left = new Float32Array(words);
  orders.forEach((order, sample) => {
    left.set(everybody);
    order.forEach((node, step) => {
      left[Math.floor(node / WORD_BITS)]! -= 2 ** (node % WORD_BITS);
      alive.set(left, (sample * nodes + step) * words);
    });
  });
  return alive;
}
