/** Load profiles from routing logs and records of any layout. */
import type { LoadProfile, ProfileWindow } from "../core/profile/loadProfile.ts";
import { LoadProfiler, type WindowSelection } from "../core/profile/loadProfiler.ts";
import type { RoutingStep } from "../core/profile/routingStep.ts";
import { WindowError } from "../core/profile/windowError.ts";
import type { WindowMethod } from "../core/profile/windowLoads.ts";
import { InputError, UsageError } from "../errors.ts";
import { parseCount } from "../formats/units.ts";
import { option } from "./option.ts";
import { openRoutingInput, type RoutingInputOptions } from "./routingInput.ts";
import { inform, warn } from "./warn.ts";

/** Which iterations of a routing log count. */
export const windowOption = option({
  argument: "FROM:TO|last:K|all",
  parse: parseWindow,
  says: "Iterations that count: FROM to TO (both included), the last K recorded ones, or all, which is the default.",
});

/** How to turn a log into profiles. */
export interface ProfileOptions extends RoutingInputOptions {
  /** What the user asks for; a load-profile document cannot be windowed again. */
  readonly window?: WindowSelection | undefined;
  readonly method?: WindowMethod | undefined;
  readonly every?: number | undefined;
  /** Is told of a log's window of several iterations. */
  readonly averaged?: (window: ProfileWindow, file: string) => void;
  /** For a log of which the user asks nothing in particular; the mean of all iterations without it. */
  readonly otherwise?: { readonly window: WindowSelection; readonly method: WindowMethod; readonly every?: number };
}

/**
 * Profiles of a routing log, one a window; of a load-profile document, the document itself.
 * @throws InputError
 */
export async function* readProfiles(file: string | undefined, options: ProfileOptions): AsyncGenerator<LoadProfile> {
  const { window, method, every, otherwise } = options;
  const kind = (method ?? otherwise?.method)?.kind;
  const selected = (window ?? otherwise?.window)?.kind ?? "all";
  const ordered = selected !== "all" || kind === "last" || kind === "ema" || (every ?? otherwise?.every) !== undefined;
  const found = await openRoutingInput(file, { ...options, ordered });
  if ("steps" in found) yield* profilesOf(found.steps, found.name, options);
  else {
    if (window !== undefined || every !== undefined || method !== undefined) {
      throw new UsageError(
        "a load-profile stands for one window already; give --window, --every and --method when reading the log",
      );
    }
    const say = sayOnce(found.name);
    for await (const profile of found.profiles) yield withoutDense(asAsked(profile, found.name, options.byRank), say);
  }
}

/**
 * Profiles of whatever `profile-load` reads, as if piped through it with its defaults; a word says that iterations were averaged.
 * @param command that reads them, for the word
 * @throws InputError
 */
export async function* readLoads(file: string | undefined, command: string): AsyncGenerator<LoadProfile> {
  const averaged = ({ from, to, iterations }: ProfileWindow, name: string) =>
    warn(
      `${name}: the loads are the mean of ${iterations} iterations, ${from} to ${to}; \`lazarus profile-load --window\` chooses others`,
    );
  yield* withDefaults(readProfiles(file, { byRank: false, averaged }), command);
}

/** What only options of `profile-load` can settle is left to it. */
export async function* withDefaults(profiles: AsyncGenerator<LoadProfile>, command: string): AsyncGenerator<LoadProfile> {
  try {
    yield* profiles;
  } catch (error) {
    const wants = error instanceof Error && /--(?:physical-to-logical|columns|experts|input-format)\b/.test(error.message);
    if (!wants || !(error instanceof InputError || error instanceof UsageError)) throw error;
    const message = `${error.message} (an option of \`lazarus profile-load\`; pipe its result into ${command})`;
    throw error instanceof InputError ? new InputError(message, error) : new UsageError(message);
  }
}

/** The one profile that `readLoads` finds. @throws InputError when there are several, too */
export async function readLoad(file: string, command: string): Promise<LoadProfile> {
  return onlyProfile(readLoads(file, command), file);
}

/**
 * The one profile of a routing log's window, or of a load-profile document.
 * @throws InputError when the file holds several, too
 */
export async function readProfile(file: string, options: ProfileOptions): Promise<LoadProfile> {
  return onlyProfile(readProfiles(file, options), file);
}

async function onlyProfile(profiles: AsyncGenerator<LoadProfile>, file: string): Promise<LoadProfile> {
  let found: LoadProfile | undefined;
  for await (const profile of profiles) {
    if (found !== undefined) throw new InputError("there are several load-profiles; expected one", { file });
    found = profile;
  }
  return found as LoadProfile;
}

async function* profilesOf(
  steps: AsyncIterable<RoutingStep>,
  file: string,
  { window, method, every, otherwise, averaged }: ProfileOptions,
): AsyncGenerator<LoadProfile> {
  const profiler = new LoadProfiler({
    window: window ?? otherwise?.window ?? { kind: "all" },
    method: { ...(method ?? otherwise?.method ?? { kind: "mean" }), keepProportions: true },
    every: every ?? otherwise?.every,
  });
  let read = 0;
  const once = sayOnce(file);
  const finished = (profile: LoadProfile) => {
    if (profile.window.iterations > 1) averaged?.(profile.window, file);
    return withoutDense(withExperts(profile, file), once);
  };
  try {
    for await (const step of steps) {
      read++;
      const profile = profiler.add(step);
      if (profile !== undefined) yield finished(profile);
    }
    for (const profile of profiler.finish()) yield finished(profile);
    inform(`${file}: read ${read} iterations`);
  } catch (error) {
    throw error instanceof WindowError ? new InputError(error.message, { file }) : error;
  }
}

/** A document's layers in their order, with ranks apart only where that is asked for: as from a log. */
function asAsked(profile: LoadProfile, file: string, byRank: boolean): LoadProfile {
  if (!profile.layers.some(({ loads }) => loads.some((load) => load > 0))) {
    throw new InputError("no token goes to any expert; expected records with tokens", { file });
  }
  const layers = profile.layers.toSorted((one, other) => one.layer - other.layer);
  return { ...profile, layers: byRank ? layers : layers.map(({ layer, loads }) => ({ layer, loads })) };
}

/** Says everything about a file only once. */
function sayOnce(file: string): (message: string) => void {
  const said = new Set<string>();
  return (message) => {
    if (!said.has(message)) warn(`${file}: ${message}`);
    said.add(message);
  };
}

/** Records that list experts by the tokens they get may list none. */
function withExperts(profile: LoadProfile, file: string): LoadProfile {
  if (profile.experts > 0) return profile;
  throw new InputError("no token goes to any expert; expected records with tokens", { file });
}

/**
 * The layers from the first one that routes tokens: a recorder that counts all hidden layers has rows without tokens for the
 * dense ones in front. A word says which these are, and that small means were not rounded away.
 */
function withoutDense(profile: LoadProfile, say: (message: string) => void): LoadProfile {
  if (profile.scale !== undefined) {
    say(
      `a layer has fewer tokens an iteration than experts; to keep their proportions the loads are ${profile.window.method === "sum" ? "sums over the window" : `multiplied by ${profile.scale}, its iterations`}`,
    );
  }
  const first = profile.layers.findIndex(({ loads }) => loads.some((load) => load > 0));
  if (first <= 0) return profile;
  const dense = profile.layers.slice(0, first).map(({ layer }) => layer);
  const last = dense.at(-1) as number;
  say(
    `layer${first === 1 ? "" : "s"} ${first === 1 ? last : `${dense[0]} to ${last}`} without tokens (dense) left out; the first MoE layer is ${profile.layers[first]?.layer}`,
  );
  return { ...profile, layers: profile.layers.slice(first) };
}

function parseWindow(text: string): WindowSelection {
  const expected = new Error("expected FROM:TO, last:K or all");
  if (text === "all") return { kind: "all" };
  const [first, second, ...more] = text.split(":");
  if (first === undefined || second === undefined || more.length > 0) throw expected;
  if (first === "last") return { kind: "last", iterations: parseCount(1)(second) };
  const [from, to] = [parseCount(0)(first), parseCount(0)(second)];
  if (from > to) throw new Error("expected FROM:TO with FROM not above TO");
  return { kind: "range", from, to };
}
