/** Where documents go: standard output, or a file that appears whole or not at all. */
import { accessSync, closeSync, constants, fchmodSync, openSync, renameSync, rmSync, statSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { IoError, OutputClosed, UsageError } from "../errors.ts";
import { isStandardStream } from "./input.ts";
import { ioError } from "./ioError.ts";
import { resolveLink } from "./outputPlace.ts";
import { replaceFollowed } from "./replaceFollowed.ts";

/** A place to write text to. */
export interface Output {
  /** Writes text, or its bytes; resolves when more may follow. */
  write(text: string | Uint8Array): Promise<void>;
  /**
   * Ends the output; a file gets its name now.
   * @param follows SHA-256 of what the file of that name has to have; left out, it may have anything
   * @throws UsageError when it has something else
   */
  finish(follows?: string): Promise<void>;
  /** Drops what was written to a file; what a pipe took cannot be taken back. */
  abandon(): void;
}

/** Opens a file, or standard output for `-` and nothing. */
export function openOutput(file: string | undefined): Output {
  return isStandardStream(file) ? standardOutput() : fileOutput(file as string);
}

/** Whether a file is there that an output of this name would replace. */
export function replacesFile(file: string | undefined): boolean {
  return !isStandardStream(file) && statSync(file as string, { throwIfNoEntry: false })?.isFile() === true;
}

/** Whether text written here is read by a person at a terminal. */
export function isTerminalOutput(file: string | undefined): boolean {
  return isStandardStream(file) && process.stdout.isTTY === true;
}

function standardOutput(): Output {
  process.stdout.on("error", () => {}); // Each write reports its own failure below.
  return {
    write: (text) =>
      new Promise((resolve, reject) => {
        process.stdout.write(text, (error) => {
          if (!error) resolve();
          else if ((error as NodeJS.ErrnoException).code === "EPIPE") reject(new OutputClosed());
          else reject(ioError("write", "standard output", error));
        });
      }),
    finish: async () => {},
    abandon: () => {},
  };
}

/** Partial files that an interrupt must not leave behind. */
const unfinished = new Set<string>();
let listening = false;

/**
 * The file is made when the first text is written: until then, which may be a long search, a signal ends the program as it ends
 * any other, for there is nothing to remove. That the file can be made is tried at once.
 */
function fileOutput(file: string): Output {
  // Devices and pipes have no second name to be moved from.
  const whole = isRegularOrNew(file);
  const guarded = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw error instanceof IoError || error instanceof UsageError ? error : ioError("write", file, error);
    }
  };
  const target = whole ? guarded(() => resolveLink(file)) : file;
  // Not made from the file's name, which may be as long as a name can be.
  const written = whole ? join(dirname(target), `.lazarus-${process.pid}-${process.hrtime.bigint().toString(36)}.part`) : target;
  const mode = whole ? guarded(() => modeOf(target, file)) : undefined;
  const open = () => guarded(() => openSync(written, whole ? "wx" : "w", 0o666));
  let handle: number | undefined;
  if (whole) {
    try {
      // A file made for trial would stay behind where a signal comes before it is removed.
      guarded(() => accessSync(`${dirname(target)}/`, constants.W_OK | constants.X_OK));
    } catch (error) {
      // A file that may be written in a folder that may not: the mode of the folder is what forbids it.
      if (mode === undefined || !(error instanceof IoError)) throw error;
      throw new IoError(
        `cannot write ${file}: its folder ${dirname(target)} allows no new file, which takes its place when it is whole; write elsewhere`,
        { cause: error },
      );
    }
  } else handle = open();
  const opened = (): number => {
    if (handle !== undefined) return handle;
    if (!listening) removeUnfinishedOnSignals();
    listening = true;
    unfinished.add(written);
    handle = open();
    const to = handle;
    // A private file stays private, from its first byte on.
    if (mode !== undefined) guarded(() => fchmodSync(to, mode));
    return handle;
  };
  return {
    write: async (text) => {
      const bytes = typeof text === "string" ? Buffer.from(text) : text;
      const to = opened();
      guarded(() => {
        for (let at = 0; at < bytes.length; ) at += writeSync(to, bytes, at);
      });
      await new Promise(setImmediate); // Lets a signal in.
    },
    finish: async (follows) => {
      guarded(() => closeSync(opened()));
      if (!unfinished.has(written)) return;
      guarded(() => (follows === undefined ? renameSync(written, target) : replaceFollowed(written, target, follows)));
      unfinished.delete(written);
    },
    abandon: () => {
      if (unfinished.delete(written)) rmSync(written, { force: true });
    },
  };
}

function isRegularOrNew(file: string): boolean {
  try {
    const found = statSync(file);
    return found.isFile();
  } catch {
    return true;
  }
}

/**
 * The mode of the file that is to be replaced; nothing where there is none.
 * @throws IoError when it may not be written
 */
function modeOf(target: string, file: string): number | undefined {
  const found = statSync(target, { throwIfNoEntry: false });
  if (found === undefined) return undefined;
  if ((found.mode & 0o222) === 0)
    throw new IoError(
      `cannot write ${file}: it is read-only (mode ${(found.mode & 0o777).toString(8)}); change that, or write elsewhere`,
    );
  return found.mode & 0o7777;
}

function removeUnfinishedOnSignals(): void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => {
      for (const file of unfinished) rmSync(file, { force: true });
      process.kill(process.pid, signal); // The handler is gone by now: the default action tells the shell the truth.
    });
  }
}
