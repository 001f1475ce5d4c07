import { binomial } from "./hypergeometric.ts";
import { popcount } from "./popcount.ts";

/** Most nodes for which all failed sets are enumerated: 2^25 bits are 4 MiB and a tenth of a second. */
export const ENUMERATION_LIMIT = 25;

/** Failed sets are numbered by their bits, 32 to a word: bit i of this word v is set when set i contains node v. */
const CONTAINS_NODE = [0, 1, 2, 3, 4].map((node) => wordWhere((index) => ((index >> node) & 1) === 1));
/** Sets in a byte of the table by their size 0..3, five bits a size. */
const SIZES_IN_BYTE = Int32Array.from({ length: 256 }, (_, byte) => {
  let sizes = 0;
  for (let index = 0; index < 8; index++) if ((byte >> index) & 1) sizes += 1 << (5 * popcount(index));
  return sizes;
});

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
    // The second and third byte hold sets with one node more, the fourth with two.
    const sizes =
      SIZES_IN_BYTE[alive & 255]! +
      ((SIZES_IN_BYTE[(alive >>> 8) & 255]! + SIZES_IN_BYTE[(alive >>> 16) & 255]!) << 5) +
      (SIZES_IN_BYTE[alive >>> 24]! << 10);
    const high = popcount(word);
    for (let low = 0; low <= 5; low++) survivors[high + low]! += (sizes >>> (5 * low)) & 31;
  }
  return survivors.slice(0, nodes + 1).map((count, size) => count / binomial(nodes, size));
}

function wordWhere(holds: (index: number) => boolean): number {
  let word = 0;
  for (let index = 0; index < 32; index++) if (holds(index)) word |= 1 << index;
  return word;
}
