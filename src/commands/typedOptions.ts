/** Options that mean nothing without others: refused where they were typed, never where their fallback stands. */
import { UsageError } from "../errors.ts";

/**
 * Refuses an option that was typed and would change nothing.
 * @param uses what it is for, as `--trace FILE`
 * @throws UsageError
 */
export function refuseIdle(typed: ReadonlySet<string>, name: string, hasUse: boolean, uses: string): void {
  if (typed.has(name) && !hasUse) throw new UsageError(`--${name} is for ${uses}; add that, or leave this out`);
}
