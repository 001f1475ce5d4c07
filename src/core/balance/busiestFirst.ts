/**
 * Ranks by load, the busiest first, equal ones by rank: a merge sort from runs of one, as a sort that calls back for every comparison
 * makes a bound half of the work.
 * @param load shape [ranks]
 * @param order takes the result, shape [ranks]
 * @param spare overwritten, shape [ranks]
 */
export function busiestFirst(
  load: Float64Array,
  order: Int32Array = new Int32Array(load.length),
  spare: Int32Array = new Int32Array(load.length),
): Int32Array {
  const ranks = load.length;
  let [from, to] = [order, spare];
  for (let rank = 0; rank < ranks; rank++) from[rank] = rank;
  for (let run = 1; run < ranks; run *= 2) {
    for (let start = 0; start < ranks; start += 2 * run) {
      const middle = Math.min(start + run, ranks);
      const end = Math.min(middle + run, ranks);
      for (let at = start, left = start, right = middle; at < end; at++) {
        const takesLeft = left < middle && (right >= end || load[from[left]!]! >= load[from[right]!]!);
        to[at] = takesLeft ? from[left++]! : from[right++]!;
      }
    }
    [from, to] = [to, from];
  }
  if (from !== order) order.set(from);
  return order;
}
