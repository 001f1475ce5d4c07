/** Shares of all experts that are nearly level: a start for what is exact. */
import type { HostedLoad } from "./hostedLoad.ts";

/** Passes over the experts; most of what is not level after these is not to be levelled. */
const PASSES = 8;

/**
 * Tokens of each expert on each of its hosts, by coordinate descent: one expert after the other fills its hosts up to a common level
 * per weight, given the others' shares (water-filling).
 * @param weights GPUs of each node, shape [nodes]
 * @returns tokens, fractions, shape [experts][hosts]; and of each node, shape [nodes]
 */
export function levelShares(
  hosted: readonly HostedLoad[],
  weights: readonly number[],
): { readonly shares: readonly Float64Array[]; readonly load: Float64Array } {
  const load = new Float64Array(weights.length);
  const shares = hosted.map(({ hosts }) => new Float64Array(hosts.length));
  for (let pass = 0; pass < PASSES; pass++) {
    for (let e = 0; e < hosted.length; e++) fill(hosted[e]!, shares[e]!, load, weights);
  }
  return { shares, load };
}

/** One expert's tokens up to one level. */
function fill({ hosts, load: tokens }: HostedLoad, own: Float64Array, load: Float64Array, weights: readonly number[]): void {
  let sum = tokens;
  let width = 0;
  for (let i = 0; i < hosts.length; i++) {
    const node = hosts[i]!;
    load[node]! -= own[i]!;
    sum += load[node]!;
    width += weights[node]!;
  }
  // Hosts above the level take nothing, so that it falls, until none is left above it.
  let level = sum / width;
  for (let before = Infinity; level < before; ) {
    before = level;
    sum = tokens;
    width = 0;
    for (let i = 0; i < hosts.length; i++) {
      const node = hosts[i]!;
      if (load[node]! >= level * weights[node]!) continue;
      sum += load[node]!;
      width += weights[node]!;
    }
    // Rounding, or no tokens.
    if (width === 0) break;
    level = sum / width;
  }
  for (let i = 0; i < hosts.length; i++) {
    const node = hosts[i]!;
    own[i] = Math.max(0, level * weights[node]! - load[node]!);
    load[node]! += own[i]!;
  }
}
