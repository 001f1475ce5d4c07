/** A mean and how sure it is. */

/** Two-sided 95 % points of Student's t for 1, 2, ... degrees of freedom. */
const STUDENT_T = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11, 2.101,
  2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
];
/** The same point of the normal distribution. */
const NORMAL = 1.959964;

/** Two-sided 95 % point; beyond the table by its expansion (Abramowitz and Stegun 26.7.5), exact to four digits there. */
export function studentPoint(degrees: number): number {
  const z = NORMAL;
  return STUDENT_T[degrees - 1] ?? z + (z ** 3 + z) / (4 * degrees) + (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * degrees ** 2);
}

/** A mean with its 95 % confidence interval. */
export interface MeanInterval {
  readonly mean: number;
  /** Absent for a single value, which says nothing of its spread. */
  readonly interval?: readonly [low: number, high: number];
}

/**
 * Mean of independent values.
 * @throws RangeError when there is none
 */
export function meanInterval(values: readonly number[]): MeanInterval {
  const count = values.length;
  if (count === 0) throw new RangeError("a mean needs at least one value");
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  if (count === 1) return { mean };
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (count - 1);
  const half = studentPoint(count - 1) * Math.sqrt(variance / count);
  return { mean, interval: [mean - half, mean + half] };
}
