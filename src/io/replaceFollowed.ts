/** A new plan in the place of the one that it follows, and of no other. */
import { closeSync, openSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { UsageError } from "../errors.ts";
import { fingerprintOf } from "./fingerprint.ts";

/** Replacing takes no time: a claim as old as this is of a process that was killed. */
const STALE_MILLISECONDS = 60_000;

/**
 * Renames a whole file to the name of another, if that still has the contents that the new one follows. Of all who follow the same
 * contents one does so, be they on other machines: each first makes a file whose name is said by the contents, which one can.
 * @throws UsageError when the other file has changed, or somebody else is about to
 */
export function replaceFollowed(written: string, target: string, follows: string): void {
  const claim = join(dirname(target), `.lazarus-${follows.slice(0, 32)}.claim`);
  const changed = () =>
    new UsageError(
      `${target} was replaced while this plan was made from it, and is left as it is; plan again from what it is now`,
    );
  // Both times are the file system's, whose clock need not be ours.
  const found = statSync(claim, { throwIfNoEntry: false });
  if (found !== undefined && statSync(written).mtimeMs - found.mtimeMs > STALE_MILLISECONDS) rmSync(claim, { force: true });
  try {
    closeSync(openSync(claim, "wx"));
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === "EEXIST" ? changed() : error;
  }
  try {
    if (fingerprintOf(target) !== follows) throw changed();
    renameSync(written, target);
  } finally {
    rmSync(claim, { force: true });
  }
}
