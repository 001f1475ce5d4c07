/**
 * Experts on ranks so that, with free shares, every rank can carry exactly the mean: the loads are laid end to end and cut into
 * equal pieces, one for each rank (McNaughton's wrap-around rule, 1959), in an order that keeps within the slots.
 *
 * Each rank takes a window of the remaining experts in order of load: the first window that fills it, whose heaviest expert is
 * cut and leaves the rest of its load for later ranks. Ranks go by slots, fewest first. With equal slots this always works out:
 * the smallest window without its heaviest expert is below the mean, the largest is not. Where ranks differ, a rank with few
 * slots may stay below the mean and others take more. Exact while tokens times ranks stay below 2^53.
 * @param loads tokens of each expert, whole numbers, shape [experts]
 * @param experts which of them to place
 * @param slots of each rank, at least 1; together at least experts + ranks - 1
 * @returns experts on each rank, at most its slots, shape [ranks][experts on the rank]
 */
export function wrapAround(loads: readonly number[], experts: readonly number[], slots: readonly number[]): number[][] {
  const held: number[][] = slots.map(() => []);
  // In units of a token over the ranks, every rank's mean is a whole number.
  const left = experts
    .map((expert) => ({ expert, load: loads[expert]! * slots.length }))
    .sort((a, b) => a.load - b.load || a.expert - b.expert);
  let total = left.reduce((sum, { load }) => sum + load, 0);
  let spare = slots.reduce((sum, count) => sum + count - 1, 1) - left.length;

  const bySlots = slots.map((_, rank) => rank).sort((a, b) => slots[a]! - slots[b]! || a - b);
  bySlots.forEach((rank, done) => {
    const size = slots[rank]!;
    const mean = total / (bySlots.length - done);
    // The smallest window may be short: it starts among `spare` experts without load that nobody needs to hold.
    let end = Math.min(left.length, Math.max(size - spare, 0));
    let sum = left.slice(Math.max(end - size, 0), end).reduce((all, { load }) => all + load, 0);
    while (end < left.length && (sum < mean || end === 0)) {
      sum += left[end]!.load - (left[end - size]?.load ?? 0);
      end++;
    }
    const window = left.splice(Math.max(end - size, 0), Math.min(size, end));
    held[rank]!.push(...window.map(({ expert }) => expert));
    const last = window.at(-1);
    const excess = sum - mean;
    if (last !== undefined && excess > 0) {
      const at = left.findIndex(({ load }) => load > excess);
      left.splice(at < 0 ? left.length : at, 0, { expert: last.expert, load: excess });
    }
    total -= Math.min(sum, mean);
    spare += window.length - (excess > 0 ? 1 : 0) - (size - 1);
  });
  return held;
}
