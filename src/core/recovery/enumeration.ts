import { binomial } from "./hypergeometric.ts";

/** Most nodes for which all failed sets are enumerated: 2^24 bits are 2 MiB and some 20 ms. */
export const ENUMERATION_LIMIT = 24;

/** Failed sets are numbered by their bits, 32 to a word: bit i of this word v is set when set i contains node v. */
const CONTAINS_NODE = [0, 1, 2, 3, 4].map((node) => wordWhere((index) => ((index >> node) & 1) === 1));
/** Bit i of word s is set when set i has s nodes among the five that number the bits of a word. */
const HAS_SIZE = [0, 1, 2, 3, 4, 5].map((size) => wordWhere((index) => popcount(index) === size));

/**
 * Survival by enumeration of all 2^nodes failed sets: the supersets of the host sets are found with one OR-transform over a
 * bit table (the subset-sum, or zeta, transform in the Boolean semiring) and counted by size. Counts are exact.
 *
 * @param sets host sets over nodes 0..nodes-1
 * @param nodes at most ENUMERATION_LIMIT
 * @returns probability that no host set lies within k failed nodes drawn uniformly, shape [nodes + 1]
 */
export function enumerateSurvival(sets: readonly (readonly number[])[], nodes: number): Float64Array {
  if (nodes > ENUMERATION_LIMIT) throw new RangeError(`2^${nodes} failed sets are too many to enumerate`);
  const kills = new Int32Array(2 ** Math.max(0, nodes - 5));
  for (const set of sets) {
    const index = set.reduce((bits, node) => bits | (1 << node), 0);
    kills[index >> 5]! |= 1 << (index & 31);
  }
  for (let node = 0; node < nodes; node++) {
    if (node < 5) {
      for (let word = 0; word < kills.length; word++) kills[word]! |= (kills[word]! << (1 << node)) & CONTAINS_NODE[node]!;
    } else {
      const stride = 1 << (node - 5);
      for (let block = stride; block < kills.length; block += 2 * stride) {
        for (let word = block; word < block + stride; word++) kills[word]! |= kills[word - stride]!;
      }
    }
  }

  const survivors = new Float64Array(Math.max(nodes, 5) + 1);
  const existing = nodes < 5 ? (1 << (1 << nodes)) - 1 : -1;
  for (let word = 0; word < kills.length; word++) {
    const alive = ~kills[word]! & existing;
    if (alive === 0) continue;
    const size = popcount(word);
    for (let low = 0; low < HAS_SIZE.length; low++) survivors[size + low]! += popcount(alive & HAS_SIZE[low]!);
  }
  return survivors.slice(0, nodes + 1).map((count, size) => count / binomial(nodes, size));
}

function wordWhere(holds: (index: number) => boolean): number {
  let word = 0;
  for (let index = 0; index < 32; index++) if (holds(index)) word |= 1 << index;
  return word;
}

/** Number of ones among 32 bits. */
function popcount(bits: number): number {
  let sum = bits - ((bits >>> 1) & 0x55555555);
  sum = (sum & 0x33333333) + ((sum >>> 2) & 0x33333333);
  return Math.imul((sum + (sum >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
