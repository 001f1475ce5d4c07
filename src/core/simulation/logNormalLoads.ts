/** Loads for studies without a routing log. */

/** Resolution of the loads. */
const MEDIAN_TOKENS = 1_000_000;
/** Halvings of [-8, 8] that bring a quantile to the precision of doubles. */
const HALVINGS = 60;

/**
 * Tokens of each expert, log-normal: the values at the middles of slices of equal probability, ascending, so that nothing
 * is drawn.
 * @param sigma spread of the loads' logarithm; 0 makes all loads equal
 * @returns shape [experts], at least 1 each
 */
export function logNormalLoads(experts: number, sigma: number): number[] {
  return Array.from({ length: experts }, (_, expert) =>
    Math.max(1, Math.round(MEDIAN_TOKENS * Math.exp(sigma * normalQuantile((expert + 0.5) / experts)))),
  );
}

/** The point below which a standard normal variable lies with a probability. */
function normalQuantile(probability: number): number {
  let low = -8;
  let high = 8;
  for (let i = 0; i < HALVINGS; i++) {
    const middle = (low + high) / 2;
    if (normalProbability(middle) < probability) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Probability that a standard normal variable lies below x, by its power series (Marsaglia 2004). */
function normalProbability(x: number): number {
  let term = x;
  let sum = x;
  for (let odd = 3; Math.abs(term) > 1e-17; odd += 2) {
    term *= (x * x) / odd;
    sum += term;
  }
  return 0.5 + (sum * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI);
}
