/** Options that do something only beside others: whoever types one that would be passed over hears of it. */
import { UsageError } from "../errors.ts";

/** Options that are idle unless others are so. */
export interface Need<T> {
  /** Long names. */
  readonly options: readonly string[];
  /** Whether other options let them do something. */
  isMet(options: T): boolean;
  /** What stands after the option: what it is for, and what to do. */
  readonly says: string;
}

/**
 * Refuses options that would be passed over.
 * @param typed what the command line says, by long name; what is assumed is not in it
 * @throws UsageError
 */
export function refuseIdle<T>(needs: readonly Need<T>[], typed: Readonly<Record<string, unknown>>, options: T): void {
  for (const need of needs) {
    const idle = need.options.find((name) => typed[name] !== undefined);
    if (idle !== undefined && !need.isMet(options)) throw new UsageError(`--${idle} ${need.says}`);
  }
}

/** For options that are for others: `--groups is for --placement eplb; add that, or leave this out`. */
export function isFor(what: string): string {
  return `is for ${what}; add that, or leave this out`;
}
