/** Sums over a uniform choice of failed nodes, in fractions of all choices so that no count overflows. */

/**
 * Survival of two independent groups of nodes taken together.
 *
 * Of `k` nodes that fail, drawn uniformly from both groups, `j` fall in the second group with hypergeometric probability
 * C(n1, k - j) C(n2, j) / C(n1 + n2, k). The weights are built outwards from their mode and normalised by their own sum, so
 * the relative error stays near 1e-16 times the number of terms for any group size, and 1 joined with 1 is exactly 1.
 *
 * @param first probability to survive j failures inside the first group, shape [n1 + 1]
 * @param second the same of the second group, shape [n2 + 1]
 * @returns probability to survive k failures in the union, shape [n1 + n2 + 1]
 */
export function joinSurvival(first: Float64Array, second: Float64Array): Float64Array {
  const [n1, n2] = [first.length - 1, second.length - 1];
  if (n1 === 0 || n2 === 0) {
    const factor = n1 === 0 ? first[0]! : second[0]!;
    return (n1 === 0 ? second : first).map((probability) => probability * factor);
  }
  const joint = new Float64Array(n1 + n2 + 1);
  for (let k = 0; k < joint.length; k++) {
    const [least, most] = [Math.max(0, k - n1), Math.min(n2, k)];
    const mode = Math.min(most, Math.max(least, Math.floor(((k + 1) * (n2 + 1)) / (n1 + n2 + 2))));
    let weights = 0;
    let surviving = 0;
    for (let j = mode, weight = 1; j <= most; j++) {
      weights += weight;
      surviving += weight * first[k - j]! * second[j]!;
      weight *= ((n2 - j) * (k - j)) / ((j + 1) * (n1 - k + j + 1));
    }
    for (let j = mode, weight = 1; j > least; ) {
      weight *= (j * (n1 - k + j)) / ((n2 - j + 1) * (k - j + 1));
      j--;
      weights += weight;
      surviving += weight * first[k - j]! * second[j]!;
    }
    joint[k] = surviving / weights;
  }
  return joint;
}

/** Survival of nodes that no expert depends on: certain, whatever fails. Shape [nodes + 1]. */
export function freeNodes(nodes: number): Float64Array {
  return new Float64Array(nodes + 1).fill(1);
}

/** Number of ways to choose k of n: exact below 2^53, then rounded, Infinity beyond the range of a double. */
export function binomial(n: number, k: number): number {
  if (k < 0 || k > n) return 0;
  let ways = 1;
  for (let i = 1; i <= Math.min(k, n - k); i++) ways = (ways * (n - i + 1)) / i;
  return ways;
}
