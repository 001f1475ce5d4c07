/** Options of `recover` that would change nothing, for want of another one. */
import { UsageError } from "../errors.ts";
import type { RecoveryOptions } from "./recoveryOptions.ts";

const BARE = { hysteresis: 1, cooldown: 0, "review-steps": 100, overlap: 0 };

/** @throws UsageError when an option is given without the one that it is for */
export function checkIdle(options: RecoveryOptions): void {
  const weighs = options["if-worth"] || options.trigger?.kind === "gain";
  const wants = (name: keyof typeof BARE, hasUse: boolean, uses: string) => {
    if (!hasUse && options[name] !== BARE[name]) throw new UsageError(`--${name} is for ${uses}; add that, or leave this out`);
  };
  wants("hysteresis", weighs || options.trigger !== undefined, "--if-worth and --trigger");
  wants("cooldown", options.trigger !== undefined, "--trigger");
  wants("review-steps", weighs, "--if-worth and --trigger gain");
  wants("overlap", weighs, "--if-worth and --trigger gain");
  if (options["rehearse-bytes"] !== undefined && !options.rehearse)
    throw new UsageError("--rehearse-bytes is for --rehearse; add that, or leave this out");
  if (options["max-moves"] !== undefined && options.prefer === "anew")
    throw new UsageError("--max-moves is for repairs, and --prefer anew asks for none; leave one of them out");
}
