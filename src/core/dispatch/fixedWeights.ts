/** Shares of each expert's tokens that stay fixed, for engines that solve nothing at run time. */
import { balancedShares } from "./balancedShares.ts";
import type { ReplicasByRank } from "./replicas.ts";
import { expertLoads, type Routing } from "./routing.ts";

/**
 * Fraction of its expert's tokens that each replica should compute so that the busiest rank's load is least when the loads
 * are as given. Copies on one rank have equal weights; those of an expert without tokens are equal everywhere.
 * @param routing the tokens to expect
 * @param levels partitions of the ranks, finest first, as `rankGroups` gives them
 * @returns weight of one replica of the expert on each of its ranks; times copies they sum to 1; shape [experts][hosts]
 * @throws RangeError when an expert with tokens has no replica or shapes do not match
 */
export function fixedWeights(routing: Routing, replicas: ReplicasByRank, levels: readonly Int32Array[]): Float64Array[] {
  const { experts, ranks } = routing;
  const total = expertLoads(routing).reduce((sum, load) => sum + load, 0);
  // Fractions need no whole tokens: counts are scaled up as far as sums of (tokens * ranks) stay exact.
  const scale = Math.max(1, Math.floor(2 ** 52 / (Math.max(1, total) * ranks)));
  const scaled = { experts, ranks, tokens: routing.tokens.map((count) => count * scale) };
  const { tokens } = balancedShares(scaled, replicas, levels, 0);
  return tokens.map((shares, expert) => {
    const load = shares.reduce((sum, share) => sum + share, 0);
    const copies = replicas[expert]!.reduce((sum, [, count]) => sum + count, 0);
    return shares.map((share, host) => (load === 0 ? 1 / copies : share / load / replicas[expert]![host]![1]));
  });
}
