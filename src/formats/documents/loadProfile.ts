/** load-profile: tokens routed to every expert of every layer in a window of iterations. */
import * as z from "zod/mini";
import { LOAD_METHODS, type LoadProfile } from "../../core/profile/loadProfile.ts";
import { InputError } from "../../errors.ts";
import { forecastFault, loadForecastDocument, loadForecastSchema } from "./loadForecast.ts";
import { checkDocument, count, positiveCount, wholeNumbers } from "./schema.ts";

const tokens = wholeNumbers(0, "whole numbers of tokens, none negative");

export const loadProfileSchema = z.object({
  type: z.literal("load-profile"),
  version: z.literal(1),
  experts: positiveCount,
  window: z.object({
    from: count,
    to: count,
    iterations: positiveCount,
    /** `forecast` where the loads are what is expected after the window. */
    method: z.enum([...LOAD_METHODS, "forecast"]),
    /** Weight of the newest iteration, with method ema. */
    alpha: z.optional(z.number()),
    /** One of the windows that a log was cut into: what is made of it says of which. */
    ofSeveral: z.optional(z.literal(true)),
  }),
  layers: z.array(z.object({ layer: count, loads: tokens, byRank: z.optional(z.array(tokens)) })),
  forecast: z.optional(loadForecastSchema),
});

/** A load-profile document. */
export type LoadProfileDocument = z.infer<typeof loadProfileSchema>;

/**
 * Checks a parsed load-profile, its schema and what a schema cannot say.
 * @throws InputError
 */
export function checkLoadProfile(value: unknown, source: string): LoadProfileDocument {
  const profile = checkDocument(loadProfileSchema, "load-profile", value, source);
  if (profile.layers.length === 0)
    throw new InputError("the load-profile has no layers; expected at least one", { file: source });
  const seen = new Set<number>();
  profile.layers.forEach(({ layer, loads, byRank }, l) => {
    const wrong = (what: string) => new InputError(`in the load-profile: layers[${l}]: ${what}`, { file: source });
    if (seen.has(layer)) throw wrong(`layer ${layer} is there twice; give each layer once`);
    seen.add(layer);
    if (loads.length !== profile.experts) throw wrong(`expected ${profile.experts} loads, one an expert, got ${loads.length}`);
    if (!Number.isSafeInteger(loads.reduce((sum, load) => sum + load, 0))) {
      throw wrong("the loads add up to more than 2^53 - 1 tokens; use a shorter window or --method mean");
    }
    if (byRank?.length !== profile.layers[0]!.byRank?.length) {
      throw wrong(
        `byRank has ${byRank?.length ?? "no"} ranks, layers[0] ${profile.layers[0]!.byRank?.length ?? "none"}; expected the same for all layers`,
      );
    }
    byRank?.forEach((row, rank) => {
      if (row.length !== profile.experts) throw wrong(`byRank[${rank}]: expected ${profile.experts} loads, got ${row.length}`);
    });
    if (byRank) {
      const apart = loads.findIndex((load, expert) => load !== byRank.reduce((sum, row) => sum + row[expert]!, 0));
      if (apart >= 0) throw wrong(`byRank does not add up to the load of expert ${apart}; expected ${loads[apart]}`);
    }
  });
  const fault = forecastFault(profile);
  if (fault !== undefined) throw new InputError(`in the load-profile: ${fault}`, { file: source });
  return profile;
}

/** The document of a profile. */
export function loadProfileDocument({ experts, window, layers, forecast }: LoadProfile): LoadProfileDocument {
  return {
    type: "load-profile",
    version: 1,
    experts,
    window: { ...window },
    layers: layers.map(({ layer, loads, byRank }) => ({
      layer,
      loads: [...loads],
      ...(byRank === undefined ? {} : { byRank: byRank.map((row) => [...row]) }),
    })),
    ...(forecast && { forecast: loadForecastDocument(forecast) }),
  };
}
