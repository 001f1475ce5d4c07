/** How skewed the loads of one layer are. */
export interface LoadStatistics {
  /** All tokens of the layer. */
  readonly tokens: number;
  /** Largest load over the mean load, at least 1. */
  readonly maxOverMean: number;
  /** How far the largest load exceeds the mean, as a fraction of it: max/mean - 1, as TensorRT-LLM reports it. */
  readonly imbalanceRatio: number;
  /** Share of the tokens that the two most loaded experts get, in [0, 1] (section 2.1 of the Lazarus paper). */
  readonly top2Share: number;
  /** Standard deviation over the mean, of the loads as a population. */
  readonly coefficientOfVariation: number;
  /** Entropy of the shares over that of even ones, in [0, 1]; 1 with a single expert. */
  readonly normalizedEntropy: number;
  /** Mean load over the largest load, in (0, 1], as SGLang and vLLM report it. */
  readonly balancedness: number;
}

/**
 * Skew of a layer's loads. A layer without any tokens has the figures of even loads.
 * @param loads tokens of each expert, shape [experts]
 * @throws RangeError when there are no experts
 */
export function loadStatistics(loads: readonly number[]): LoadStatistics {
  const experts = loads.length;
  if (experts === 0) throw new RangeError("load statistics need at least one expert");
  const tokens = loads.reduce((a, b) => a + b, 0);
  const shares = loads.map((load) => (tokens > 0 ? load / tokens : 1 / experts));
  let largest = 0;
  let second = 0;
  let squares = 0;
  let entropy = 0;
  for (const share of shares) {
    if (share > largest) [largest, second] = [share, largest];
    else if (share > second) second = share;
    squares += (share * experts - 1) ** 2;
    if (share > 0) entropy -= share * Math.log(share);
  }
  return {
    tokens,
    maxOverMean: Math.max(1, largest * experts),
    imbalanceRatio: Math.max(0, largest * experts - 1),
    top2Share: Math.min(1, largest + second),
    coefficientOfVariation: Math.sqrt(squares / experts),
    normalizedEntropy: experts === 1 ? 1 : Math.min(1, entropy / Math.log(experts)),
    balancedness: Math.min(1, 1 / (largest * experts)),
  };
}
