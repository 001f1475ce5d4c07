/** profile-load --follow: a log that goes on. */
import { UsageError } from "../errors.ts";
import { followInput, Stopped } from "../io/followFile.ts";
import type { Input } from "../io/input.ts";
import { isStandardStream } from "../io/input.ts";
import { toggle } from "./option.ts";

export const followOption = toggle({
  says: "With --every: the log goes on; write each document as soon as its iterations are complete, until SIGTERM or SIGINT, which end it with exit code 0. An iteration is complete when the next begins; what is incomplete then is left out.",
});

/** The log to follow, where that is asked for. @throws UsageError when other options do not go with it, or need it */
export function followedInput(
  options: {
    readonly follow: boolean;
    readonly every: number | undefined;
    readonly output: string | undefined;
    readonly drift: boolean;
    readonly backtest: boolean;
    readonly window: { readonly kind: string } | undefined;
  },
  file: string | undefined,
): Input | undefined {
  if (!options.follow) return undefined;
  if (options.every === undefined) throw new UsageError("--follow writes a document every so many iterations: add --every K");
  const useless = (["drift", "backtest"] as const).find((name) => options[name]);
  if (useless !== undefined) throw new UsageError(`--${useless} is for the end of a log, which --follow never sees`);
  if (options.window?.kind === "last") throw new UsageError("--window last:K is for the end of a log, which --follow never sees");
  if (!isStandardStream(options.output))
    throw new UsageError("-o: a file appears when it is complete, which --follow never is; leave it out, and redirect");
  return followInput(file);
}

/** Work on a followed log; that it is stopped is its end. */
export async function untilItStops(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
  }
}
