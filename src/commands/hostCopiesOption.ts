/** Copies of experts in the host memory of other nodes, and what they make of survival. */
import type { Placement } from "../core/layout/placement.ts";
import { withHostMemory } from "../core/placement/assess.ts";
import type { Policy } from "../core/placement/policy.ts";
import { UsageError } from "../errors.ts";
import type { PlacementDocument } from "../formats/documents/placement.ts";
import { withReload } from "../formats/placementDocument.ts";
import { parseCount } from "../formats/units.ts";
import { option } from "./option.ts";

export const hostCopiesOption = option({
  argument: "N",
  parse: parseCount(1, 10_000),
  says: "Say as well what survives when experts that live nowhere are reloaded from host memory (recover --restore host=RATE), of which every node keeps for what the N nodes before it in the plan hold. Host memory fails with its node; the placement is the same.",
});

/**
 * The document with a second figure of survival, where host copies are asked for, or known from the plan.
 * @throws UsageError when there are not as many other nodes
 */
export function reloaded(
  document: PlacementDocument,
  placement: Placement,
  policy: Pick<Policy, "failureProbability" | "seed">,
  copies: number | undefined,
): PlacementDocument {
  if (copies === undefined) return document;
  const most = placement.cluster.length - 1;
  if (copies > most)
    throw new UsageError(
      `--host-copies ${copies}: of ${placement.cluster.length} node${most === 0 ? "" : "s"} at most ${most} others can keep copies; give at most as many`,
    );
  return withReload(document, withHostMemory(placement, copies, policy));
}
