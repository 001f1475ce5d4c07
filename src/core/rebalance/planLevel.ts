/** How far from even a plan's GPUs are under its loads: what triggers look at. */
import { copiesByRank, planBalance } from "../balance/planBalance.ts";
import { totalGpus, withLiveGpus } from "../layout/cluster.ts";
import type { Placement } from "../layout/placement.ts";

/** Busiest GPU over the mean with even or the best shares, as the mean of the layers, to which the time of a step is linear. */
export function planRatio({ cluster, layers }: Placement, shares: "even" | "free"): number {
  const { evenMean, optimalMean } = planBalance(withLiveGpus(cluster), layers);
  return shares === "even" ? evenMean : optimalMean;
}

/** Standard deviation of the GPUs' tokens over their mean with even shares, as the mean of the layers; 0 without tokens. */
export function planSpread({ cluster, layers }: Placement): number {
  const live = withLiveGpus(cluster);
  const ranks = totalGpus(live);
  const spreads = layers.map((layer) => {
    const tokens = new Float64Array(ranks);
    copiesByRank(live, layer).forEach((held, expert) => {
      for (const rank of held) tokens[rank]! += layer.loads[expert]! / held.length;
    });
    const mean = tokens.reduce((sum, load) => sum + load, 0) / ranks;
    return mean === 0 ? 0 : Math.sqrt(tokens.reduce((sum, load) => sum + (load / mean - 1) ** 2, 0) / ranks);
  });
  return spreads.reduce((sum, spread) => sum + spread, 0) / spreads.length;
}
