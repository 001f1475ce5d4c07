/** Apportionment of whole numbers by the largest remainder method (Hamilton). */

/**
 * Splits `total` into whole numbers proportional to `weights`: everyone gets the floor of the exact quota
 * `total * weight / sum of weights`, and what is left goes one each to the largest remainders, ties to the lower index.
 * The parts always sum to `total` and each differs from its quota by less than one.
 *
 * Whole weights up to 2^53 - 1 are apportioned exactly. Others are scaled by a power of two to whole numbers below 2^53
 * first, which loses only what is below 2^-53 of the largest weight.
 * @param weights finite, not negative, shape [parts]
 * @param total whole number up to 2^53 - 1
 * @returns shape [parts]
 * @throws RangeError on weights or a total outside these, and when all weights are 0 but the total is not.
 */
export function largestRemainder(weights: ArrayLike<number>, total: number): number[] {
  if (!Number.isSafeInteger(total) || total < 0) throw new RangeError(`total must be a whole number of at least 0, got ${total}`);
  const whole = wholeWeights(weights);
  let sum = 0;
  let largest = 0;
  for (const weight of whole) {
    sum += weight;
    if (weight > largest) largest = weight;
  }
  if (largest === 0) {
    if (total > 0) throw new RangeError(`cannot split ${total} over ${whole.length} weights that are all 0`);
    return whole;
  }
  const exactInDoubles = sum <= Number.MAX_SAFE_INTEGER && largest * total <= Number.MAX_SAFE_INTEGER;
  return exactInDoubles ? apportion(whole, total, sum) : apportionBig(whole, total);
}

/** The weights as whole numbers: as they are, or scaled by one power of two so that the largest is about 2^53. */
function wholeWeights(weights: ArrayLike<number>): number[] {
  const copy = Array.from(weights);
  let largest = 0;
  let allWhole = true;
  for (const weight of copy) {
    if (!(weight >= 0 && weight < Number.POSITIVE_INFINITY)) {
      throw new RangeError(`weights must be finite and not negative, got ${weight}`);
    }
    if (weight > largest) largest = weight;
    if (!Number.isSafeInteger(weight)) allWhole = false;
  }
  if (allWhole) return copy;
  // The factor itself may lie outside the range of doubles (subnormal weights), its two halves do not.
  const exponent = 52 - Math.floor(Math.log2(largest));
  const half = Math.trunc(exponent / 2);
  return copy.map((weight) => Math.round(weight * 2 ** half * 2 ** (exponent - half)));
}

/** Quotas of products that fit a double: `%` is exact there, and so is the division of what it leaves. */
function apportion(weights: readonly number[], total: number, sum: number): number[] {
  const remainders = weights.map((weight) => (weight * total) % sum);
  const parts = weights.map((weight, i) => (weight * total - remainders[i]!) / sum);
  return addLeftover(parts, total, (a, b) => remainders[b]! - remainders[a]!);
}

/** The same in arbitrary precision. */
function apportionBig(weights: readonly number[], total: number): number[] {
  const sum = weights.reduce((acc, weight) => acc + BigInt(weight), 0n);
  const products = weights.map((weight) => BigInt(weight) * BigInt(total));
  const remainders = products.map((product) => product % sum);
  const parts = products.map((product) => Number(product / sum));
  return addLeftover(parts, total, (a, b) => {
    const difference = remainders[b]! - remainders[a]!;
    return difference > 0n ? 1 : difference < 0n ? -1 : 0;
  });
}

/** Adds one to the first parts in `order` (a stable sort: ties to the lower index) until they sum to `total`. */
function addLeftover(parts: number[], total: number, order: (a: number, b: number) => number): number[] {
  const leftover = parts.reduce((left, part) => left - part, total);
  if (leftover === 0) return parts;
  const byRemainder = parts.map((_, i) => i).sort(order);
  for (const i of byRemainder.slice(0, leftover)) parts[i]! += 1;
  return parts;
}
