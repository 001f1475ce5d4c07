/** How far work has come: one line on standard error that goes away again. */
import { cleanText } from "../cleanText.ts";
import { announce } from "./announce.ts";
import { manner } from "./manner.ts";

/** Work that takes less shows nothing, in milliseconds. */
const PATIENCE = 1000;
/** After so long the pace tells how long the rest takes, in milliseconds. */
const WORK_BEFORE_ESTIMATE = 5000;

/** Follows one piece of work. */
export interface Progress {
  /** Tells how much is done, in the unit of the total, which may become known only now. Cheap: call it as often as you like. */
  update(done: number, total?: number): void;
  /** Takes the line away; afterwards updates show nothing. */
  stop(): void;
}

const silent: Progress = { update: () => {}, stop: () => {} };

/**
 * Follows work from now on. A bar shows when standard error is a terminal, the work takes more than a second, and
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
  if (manner().quiet) return silent;
  if (process.stderr.isTTY !== true) return total === undefined ? silent : announced(says, total);
  const { default: cliProgress } = await import("cli-progress");
  const makeBar = (isTotalKnown: boolean) =>
    new cliProgress.SingleBar({
      format: isTotalKnown ? "{says} {bar} {percentage}% of {whole}, {left} s left" : "{says} {amount}",
      stream: process.stderr,
      clearOnComplete: true,
      hideCursor: false,
      barsize: 30,
      barCompleteChar: "█",
      barIncompleteChar: "░",
    });
  const begun = performance.now();
  let bar: ReturnType<typeof makeBar> | undefined;
  let stopped = false;
  return {
    update: (done, whole = total) => {
      const elapsed = performance.now() - begun;
      const left = Math.ceil((elapsed * ((whole ?? done) - done)) / Math.max(done, 1e-9) / 1000);
      const payload = { says: cleanText(says), amount: shown(done), whole: whole === undefined ? "" : shown(whole), left };
      if (bar !== undefined) bar.update(Math.min(done, whole ?? done), payload);
      else if (!stopped && elapsed > PATIENCE) {
        bar = makeBar(whole !== undefined);
        bar.start(whole ?? 0, done, payload);
      }
    },
    stop: () => {
      bar?.stop();
      bar = undefined;
      stopped = true;
    },
  };
}

/** Without a terminal there is no bar, but one line that says how long the work takes when that is long. */
function announced(says: string, total: number): Progress {
  const begun = performance.now();
  let said = false;
  let from: { readonly elapsed: number; readonly done: number } | undefined;
  return {
    update: (done, whole = total) => {
      const elapsed = performance.now() - begun;
      if (said || elapsed < WORK_BEFORE_ESTIMATE || !(done > 0)) return;
      // What is done once, before the work proper, tells nothing about the rest.
      from ??= { elapsed, done };
      if (elapsed < 2 * WORK_BEFORE_ESTIMATE || done <= from.done) return;
      said = true;
      announce(says, (elapsed + ((whole - done) * (elapsed - from.elapsed)) / (done - from.done)) / 1000);
    },
    stop: () => {},
  };
}

/**
 * Follows work that cannot tell how much of it is left: the line shows the seconds that it has taken.
 * @param work calls `watch` now and then
 */
export async function withStopwatch<T>(says: string, work: (watch: () => void) => T | Promise<T>): Promise<T> {
  const progress = await startProgress(says, undefined, (seconds) => `${seconds.toFixed(0)} s`);
  const begun = performance.now();
  try {
    return await work(() => progress.update((performance.now() - begun) / 1000));
  } finally {
    progress.stop();
  }
}

/** The same items; `progress` follows how many have been handed on, and ends with them. */
export function* eachCounted<T>(items: Iterable<T>, progress: Progress): Generator<T> {
  let count = 0;
  try {
    for (const item of items) {
      yield item;
      progress.update(++count);
    }
  } finally {
    progress.stop();
  }
}

/** Bytes as people read them. */
export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
