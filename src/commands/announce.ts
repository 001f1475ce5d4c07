/** Words in advance about work that takes its time. */
import { warn } from "./warn.ts";

/** Work that takes less goes without saying. */
const LONG_SECONDS = 60;

/**
 * Says in a line how long work takes, when that is more than a minute.
 * @param says what is done, such as "placing"
 * @param instead what to do against it
 */
export function announce(says: string, seconds: number, instead = ""): void {
  if (seconds > LONG_SECONDS) warn(`${says} takes about ${duration(seconds)}${instead}`);
}

function duration(seconds: number): string {
  const minutes = Math.ceil(seconds / 60);
  if (minutes < 120) return `${minutes} minutes`;
  const hours = Math.round(minutes / 60);
  return hours < 72 ? `${hours} hours` : `${Math.round(hours / 24)} days`;
}
