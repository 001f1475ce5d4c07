/** Steps beyond which the bound is not worth its time. */
const MOST_STEPS = 50_000_000;

/**
 * Probability that the live nodes have a slot for every expert, whatever the placement: of uneven nodes some may be dead to a job
 * although as many others would do.
 *
 * By nodes, in fractions of all sets of one size: of the sets of r among n nodes, (n - r) / n leave the last one out.
 * @param slots slots of each node, shape [nodes]
 * @returns the bound for k = 1..nodes failed nodes, shape [nodes]; 1 everywhere where nodes are alike, as other bounds know then, or too many
 */
export function enoughSlots(experts: number, slots: readonly number[]): number[] {
  const nodes = slots.length;
  const bound = new Array<number>(nodes).fill(1);
  const ascending = [...slots].sort((a, b) => a - b);
  if (ascending[0] === ascending[nodes - 1]) return bound;
  // Most nodes that may have too few slots together.
  let size = 0;
  for (let held = 0; size < nodes; size++) {
    held += ascending[size]!;
    if (held >= experts) break;
  }
  if (nodes * (size + 1) * experts > MOST_STEPS) return bound;
  // Of the sets of r nodes so far, the part that has so many slots, at [r * experts + slots].
  const part = new Float64Array((size + 1) * experts);
  part[0] = 1;
  for (let n = 1; n <= nodes; n++) {
    const own = slots[n - 1]!;
    for (let r = Math.min(n, size); r >= 0; r--) {
      for (let held = experts - 1; held >= 0; held--) {
        const withIt = r > 0 && held >= own ? (r / n) * part[(r - 1) * experts + held - own]! : 0;
        part[r * experts + held] = ((n - r) / n) * part[r * experts + held]! + withIt;
      }
    }
  }
  for (let live = 0; live <= Math.min(size, nodes - 1); live++) {
    const dead = part.subarray(live * experts, (live + 1) * experts).reduce((sum, fraction) => sum + fraction, 0);
    bound[nodes - live - 1] = Math.max(0, 1 - dead);
  }
  return bound;
}
