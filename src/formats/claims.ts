/** What files say about sizes is checked before memory is taken for it. */
import { InputError } from "../errors.ts";

/** What a claim is held against. */
export interface ClaimLimits {
  /** Most that the file, or the part of it that makes the claim, can hold. */
  readonly holds: number;
  /** Most that is read of such a thing, whatever the file holds. */
  readonly most: number;
  /** What is counted: bytes unless said. */
  readonly unit?: string;
  /** What to do about it. */
  readonly remedy?: string;
}

/**
 * A size that a file states, as a number.
 * @param what whose size it is, for the message
 * @throws InputError when it is no whole number from 0, more than the file can hold, or more than the limit
 */
export function checkClaim(
  claimed: number | bigint,
  what: string,
  { holds, most, unit = "bytes", remedy = "fetch or write it again" }: ClaimLimits,
  file: string,
): number {
  const size = Number(claimed);
  if (Number.isSafeInteger(size) && size >= 0 && size <= holds && size <= most) return size;
  const why =
    !(size >= 0) || !Number.isSafeInteger(size)
      ? "which no file has"
      : size > holds
        ? `but the file can hold ${Math.max(0, Math.floor(holds))} there at most`
        : `and at most ${most} are read`;
  throw new InputError(`${what} would have ${claimed} ${unit}, ${why}; ${remedy}`, { file });
}
