/** Sets of at most 30 nodes as bit masks: bit n stands for node n. */

/** Members of a set. */
export function countMembers(mask: number): number {
  let pairs = mask - ((mask >>> 1) & 0x55555555);
  pairs = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return (((pairs + (pairs >>> 4)) & 0x0f0f0f0f) * 0x01010101) >>> 24;
}

/** The member with `index` smaller ones. */
export function memberAt(mask: number, index: number): number {
  let rest = mask;
  for (let skipped = 0; skipped < index; skipped++) rest &= rest - 1;
  return 31 - Math.clz32(rest & -rest);
}

/** Members, ascending. */
export function membersOf(mask: number): number[] {
  return Array.from({ length: countMembers(mask) }, (_, index) => memberAt(mask, index));
}

/** The set with these members. */
export function maskOf(members: Iterable<number>): number {
  let mask = 0;
  for (const member of members) mask |= 1 << member;
  return mask;
}

/** Sum of a quantity over the members of every set, shape [2^nodes]. */
export function sumsOverSets(quantity: readonly number[]): Float64Array {
  const sums = new Float64Array(1 << quantity.length);
  for (let mask = 1; mask < sums.length; mask++) {
    const lowest = mask & -mask;
    sums[mask] = sums[mask ^ lowest]! + quantity[31 - Math.clz32(lowest)]!;
  }
  return sums;
}
