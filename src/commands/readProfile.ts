/** Load profiles from routing logs of any layout. */
import type { LoadProfile } from "../core/profile/loadProfile.ts";
import { LoadProfiler, type WindowSelection } from "../core/profile/loadProfiler.ts";
import { WindowError } from "../core/profile/windowError.ts";
import type { WindowMethod } from "../core/profile/windowLoads.ts";
import { InputError, UsageError } from "../errors.ts";
import { checkLoadProfile } from "../formats/documents/loadProfile.ts";
import { readRoutingSteps } from "../formats/routing/readRoutingSteps.ts";
import type { RoutingFormat } from "../formats/routing/stepReader.ts";
import { parseCount } from "../formats/units.ts";
import { type Input, openInput, peekByte } from "../io/input.ts";
import { choice, option } from "./option.ts";
import { documentsOf } from "./readDocuments.ts";

/** Which iterations of a routing log count. */
export const windowOption = option({
  argument: "FROM:TO|last:K|all",
  parse: parseWindow,
  says: "Iterations that count: FROM to TO (both included), the last K recorded ones, or all, which is the default.",
});

/** What a routing log looks like. */
export const inputFormatOption = choice({
  choices: ["wide", "long", "tokens", "matrix", "load-profile"],
  says: "Layout of the input; without it the header, or the first character of JSON, tells.",
});

/** How to turn a log into profiles. */
export interface ProfileOptions {
  readonly format?: RoutingFormat | "load-profile" | undefined;
  /** What the user asks for; a load-profile document cannot be windowed again. */
  readonly window?: WindowSelection | undefined;
  readonly method?: WindowMethod | undefined;
  readonly every?: number | undefined;
  readonly byRank: boolean;
  /** For a log of which the user asks nothing in particular; the mean of all iterations without it. */
  readonly otherwise?: {
    readonly window: WindowSelection;
    readonly method: WindowMethod;
    readonly every?: number;
  };
}

/**
 * Profiles of a routing log, one a window; of a load-profile document, the document itself.
 * @throws InputError
 */
export async function* readProfiles(file: string | undefined, options: ProfileOptions): AsyncGenerator<LoadProfile> {
  const { byte, input } = await peekByte(openInput(file));
  const isDocument = options.format === "load-profile" || (options.format === undefined && byte === OPENING_BRACE);
  if (!isDocument) yield* profilesOfLog(input, options);
  else {
    if (options.window !== undefined || options.every !== undefined || options.method !== undefined) {
      throw new UsageError(
        "a load-profile stands for one window already; give --window, --every and --method when reading the log",
      );
    }
    yield* documentsOf(input, checkLoadProfile);
  }
}

/**
 * The one profile of a routing log's window, or of a load-profile document.
 * @throws InputError when the file holds several, too
 */
export async function readProfile(file: string, options: ProfileOptions): Promise<LoadProfile> {
  let found: LoadProfile | undefined;
  for await (const profile of readProfiles(file, options)) {
    if (found !== undefined) throw new InputError("there are several load-profiles; expected one", { file });
    found = profile;
  }
  return found as LoadProfile;
}

const OPENING_BRACE = 0x7b;

async function* profilesOfLog(input: Input, options: ProfileOptions): AsyncGenerator<LoadProfile> {
  const { byRank, otherwise } = options;
  const every = options.every ?? otherwise?.every;
  const window = options.window ?? otherwise?.window ?? { kind: "all" };
  const method = options.method ?? otherwise?.method ?? { kind: "mean" };
  const format = options.format === "load-profile" ? undefined : options.format;
  const profiler = new LoadProfiler({ window, method, every });
  try {
    for await (const step of readRoutingSteps(input.chunks, { file: input.name, format, byRank })) {
      const profile = profiler.add(step);
      if (profile !== undefined) yield profile;
    }
    yield* profiler.finish();
  } catch (error) {
    throw error instanceof WindowError ? new InputError(error.message, { file: input.name }) : error;
  }
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
