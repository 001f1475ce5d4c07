/**
 * Spearman's rank correlation, equal values sharing the mean of their ranks; 1 where either side has equal values only and both
 * are so, 0 where only one is.
 * @returns in [-1, 1]
 * @throws RangeError when the two differ in length or are empty
 */
export function rankCorrelation(one: readonly number[], other: readonly number[]): number {
  if (one.length !== other.length || one.length === 0)
    throw new RangeError(`ranks of ${one.length} and ${other.length} values cannot be compared`);
  const [a, b] = [ranksOf(one), ranksOf(other)];
  const middle = (one.length - 1) / 2;
  let [covariance, varianceA, varianceB] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i]! - middle, b[i]! - middle];
    covariance += x * y;
    varianceA += x * x;
    varianceB += y * y;
  }
  if (varianceA === 0 || varianceB === 0) return varianceA === varianceB ? 1 : 0;
  return covariance / Math.sqrt(varianceA * varianceB);
}

function ranksOf(values: readonly number[]): Float64Array {
  const order = values.map((_, i) => i).sort((a, b) => values[a]! - values[b]!);
  const ranks = new Float64Array(values.length);
  for (let from = 0, to = 0; from < order.length; from = to) {
    while (to < order.length && values[order[to]!] === values[order[from]!]) to++;
    for (let i = from; i < to; i++) ranks[order[i]!] = (from + to - 1) / 2;
  }
  return ranks;
}
