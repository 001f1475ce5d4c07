/** What a new plan says or keeps because the old one did. */
import { withHostMemory } from "../core/placement/assess.ts";
import type { Recovery } from "../core/reconfigure/planRecovery.ts";
import { hasDeadNodes, type PlacementDocument } from "../formats/documents/placement.ts";
import type { PlanOrigin } from "../formats/recoveryPlanDocument.ts";
import type { RecoveryOptions } from "./recoveryOptions.ts";

/**
 * Survival with reload from host memory, with as many copies as there are nodes for, and rank numbers that stay.
 * @param copies those of the old plan
 */
export function carriedOver(
  options: Pick<RecoveryOptions, "keep-ranks">,
  old: PlacementDocument,
  recovery: Recovery,
  copies: number | undefined,
): Pick<PlanOrigin, "hostMemory" | "ranksOf"> {
  const ranksOf = options["keep-ranks"] || hasDeadNodes(old) ? old : undefined;
  if (!recovery.recoverable || copies === undefined) return { ranksOf };
  const { placement, policy } = recovery;
  const kept = Math.min(copies, placement.cluster.length - 1);
  return { ranksOf, hostMemory: kept === 0 ? undefined : withHostMemory(placement, kept, policy) };
}
