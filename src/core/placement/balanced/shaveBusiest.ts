import type { ReplicaPacking } from "./replicaPacking.ts";

/** Pairs looked at: enough for some hundred swaps of 10,000 replicas. */
const MOST_PAIRS = 4_000_000;

/**
 * Steepest descent: swaps a replica of the busiest bin for a lighter one of another bin, each time the pair that leaves the two
 * bins lowest, until no swap helps or the load per GPU is down to the goal, or after so many pairs. Evening out looks at all
 * bins; what counts in the end is the busiest.
 */
export function shaveBusiest(packing: ReplicaPacking, goal: number): void {
  const { bins, binLoads, gpus } = packing;
  for (let pairs = 0; pairs < MOST_PAIRS; ) {
    let busiest = 0;
    for (let bin = 1; bin < gpus.length; bin++) {
      if (binLoads[bin]! / gpus[bin]! > binLoads[busiest]! / gpus[busiest]!) busiest = bin;
    }
    if (binLoads[busiest]! / gpus[busiest]! <= goal) return;
    // Gains within rounding are none: the loop must end.
    let least = (binLoads[busiest]! / gpus[busiest]!) * (1 - 1e-12);
    let heavy = -1;
    let light = -1;
    for (let a = 0; a < bins.length; a++) {
      if (bins[a] !== busiest) continue;
      pairs += bins.length;
      for (let b = 0; b < bins.length; b++) {
        const moved = packing.share(a) - packing.share(b);
        const other = bins[b]!;
        if (moved <= 0 || other === busiest) continue;
        const higher = Math.max((binLoads[busiest]! - moved) / gpus[busiest]!, (binLoads[other]! + moved) / gpus[other]!);
        if (higher >= least || packing.swapCost(a, b) === Infinity) continue;
        least = higher;
        heavy = a;
        light = b;
      }
    }
    if (heavy < 0) return;
    packing.swap(heavy, light);
  }
}
