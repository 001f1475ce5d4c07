import { Infeasible } from "../layout/infeasible.ts";
import { pickOfForecast } from "./loadForecast.ts";
import type { LoadProfile } from "./loadProfile.ts";

/**
 * The profile of a smaller model: the `count` most loaded experts of each layer (ties to the lower id), renumbered from 0
 * in the order of their ids.
 * @throws RangeError when count is not a whole number from 1 to the number of experts
 */
export function topExperts(profile: LoadProfile, count: number): LoadProfile {
  if (!Number.isSafeInteger(count) || count < 1 || count > profile.experts) {
    throw new Infeasible(`cannot take the top ${count} of ${profile.experts} experts; take 1 to ${profile.experts}`);
  }
  const kept = new Map(profile.layers.map(({ layer, loads }) => [layer, mostLoaded(loads, count)]));
  const pick = (layer: number, tokens: readonly number[]) => kept.get(layer)!.map((expert) => tokens[expert]!);
  const { forecast } = profile;
  return {
    ...profile,
    experts: count,
    layers: profile.layers.map(({ layer, loads, byRank }) => ({
      layer,
      loads: pick(layer, loads),
      ...(byRank && { byRank: byRank.map((row) => pick(layer, row)) }),
    })),
    ...(forecast && { forecast: pickOfForecast(forecast, pick) }),
  };
}

/** The experts with the most tokens, ascending. */
function mostLoaded(loads: readonly number[], count: number): number[] {
  return loads
    .map((_, expert) => expert)
    .sort((a, b) => loads[b]! - loads[a]!)
    .slice(0, count)
    .sort((a, b) => a - b);
}
