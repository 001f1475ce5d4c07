import { Infeasible } from "../layout/infeasible.ts";
import type { LayerProfile, LoadProfile } from "./loadProfile.ts";

/**
 * The profile of a smaller model: the `count` most loaded experts of each layer (ties to the lower id), renumbered from 0
 * in the order of their ids.
 * @throws RangeError when count is not a whole number from 1 to the number of experts
 */
export function topExperts(profile: LoadProfile, count: number): LoadProfile {
  if (!Number.isSafeInteger(count) || count < 1 || count > profile.experts) {
    throw new Infeasible(`cannot take the top ${count} of ${profile.experts} experts; take 1 to ${profile.experts}`);
  }
  return { ...profile, experts: count, layers: profile.layers.map((layer) => keepTop(layer, count)) };
}

function keepTop({ layer, loads, byRank }: LayerProfile, count: number): LayerProfile {
  const kept = loads
    .map((_, expert) => expert)
    .sort((a, b) => loads[b]! - loads[a]!)
    .slice(0, count)
    .sort((a, b) => a - b);
  const pick = (tokens: readonly number[]) => kept.map((expert) => tokens[expert]!);
  return { layer, loads: pick(loads), ...(byRank && { byRank: byRank.map(pick) }) };
}
