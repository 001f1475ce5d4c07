/** How far work has come: one line on standard error that goes away again. */
import { manner } from "./manner.ts";

/** Work that takes less shows nothing, in milliseconds. */
const PATIENCE = 1000;

/** Follows one piece of work. */
export interface Progress {
  /** Tells how much is done, in the unit of the total. Cheap: call it as often as you like. */
  update(done: number): void;
  /** Takes the line away; afterwards updates show nothing. */
  stop(): void;
}

const silent: Progress = { update: () => {}, stop: () => {} };

/**
 * Follows work from now on. Nothing shows unless standard error is a terminal, the work takes more than a second, and
 * --quiet is absent.
 * @param says what is being done, such as "reading"
 * @param total all the work; without it the amount done stands alone
 * @param shown an amount as people read it
 */
export async function startProgress(
  says: string,
  total: number | undefined,
  shown: (amount: number) => string = String,
): Promise<Progress> {
  if (manner().quiet || process.stderr.isTTY !== true) return silent;
  const { default: cliProgress } = await import("cli-progress");
  const bar = new cliProgress.SingleBar({
    format: total === undefined ? "{says} {amount}" : "{says} {bar} {percentage}% of {whole}, {eta_formatted} left",
    stream: process.stderr,
    clearOnComplete: true,
    hideCursor: false,
    barsize: 30,
    barCompleteChar: "█",
    barIncompleteChar: "░",
  });
  const begun = performance.now();
  let state: "waiting" | "shown" | "stopped" = "waiting";
  return {
    update: (done) => {
      const payload = { says, amount: shown(done), whole: total === undefined ? "" : shown(total) };
      if (state === "shown") bar.update(Math.min(done, total ?? done), payload);
      else if (state === "waiting" && performance.now() - begun > PATIENCE) {
        state = "shown";
        bar.start(total ?? 0, done, payload);
      }
    },
    stop: () => {
      if (state === "shown") bar.stop();
      state = "stopped";
    },
  };
}
