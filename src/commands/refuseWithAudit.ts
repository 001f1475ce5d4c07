/** Options of place that make a placement, and so have nothing to say where one is assessed. */
import { quoteInput, UsageError } from "../errors.ts";

/** What of the options is looked at. */
interface AuditOptions {
  readonly pareto: unknown;
  readonly robust: unknown;
  readonly profile: string | undefined;
  readonly slots: unknown;
  readonly "total-slots": unknown;
  readonly "redundant-experts": unknown;
  readonly survive: unknown;
  readonly survival: unknown;
  readonly "expert-bytes": unknown;
}

/**
 * Refuses what does not go with `--audit`.
 * @param file the operand, which gives the loads as `--profile` does
 * @throws UsageError
 */
export function refuseWithAudit(options: AuditOptions, file: string | undefined): void {
  if (options.pareto !== undefined)
    throw new UsageError("--pareto makes placements, --audit assesses one: leave one of them out");
  if (options.robust) throw new UsageError("--robust makes a placement, --audit assesses one: leave one of them out");
  if (options.profile !== undefined && file !== undefined)
    throw new UsageError(`--profile ${options.profile} and ${quoteInput(file)} both give loads; leave one of them out`);
  const useless = (["total-slots", "redundant-experts", "survive", "survival", "expert-bytes"] as const).find(
    (name) => options[name] !== undefined,
  );
  if (useless !== undefined || options.slots === "auto") {
    throw new UsageError(
      `--${useless ?? "slots auto"}: --audit assesses a placement, which has its slots; leave one of them out`,
    );
  }
}
