import { Infeasible } from "../layout/infeasible.ts";
import { pickOfForecast } from "./loadForecast.ts";
import type { LoadProfile } from "./loadProfile.ts";

/**
 * The profile of some layers only, ascending whatever the order of `layers`.
 * @throws RangeError when the profile lacks one of them, or none is asked for
 */
export function selectLayers(profile: LoadProfile, layers: readonly number[]): LoadProfile {
  const present = new Set(profile.layers.map(({ layer }) => layer));
  const absent = layers.filter((layer) => !present.has(layer));
  if (absent.length > 0 || layers.length === 0) {
    throw new Infeasible(`no layer ${absent.join(", ") || "selected"}; the profile holds ${[...present].join(", ")}`);
  }
  const wanted = new Set(layers);
  const { forecast } = profile;
  return {
    ...profile,
    layers: profile.layers.filter(({ layer }) => wanted.has(layer)),
    ...(forecast && { forecast: pickOfForecast(forecast, (layer, numbers) => (wanted.has(layer) ? numbers : undefined)) }),
  };
}
