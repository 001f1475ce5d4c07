/** `place --slots auto`: looks for the fewest slots, and says which they are. */
import { modelSize } from "../core/cost/modelSize.ts";
import type { ModelSpec } from "../core/cost/modelSpec.ts";
import type { ClusterNode } from "../core/layout/cluster.ts";
import type { LayerLoads } from "../core/layout/placement.ts";
import { type FewestSlots, fewestSlots } from "../core/placement/fewestSlots.ts";
import type { Policy } from "../core/placement/policy.ts";
import type { RedundancyGoal } from "../core/placement/redundancyGoal.ts";
import { searchSeconds } from "../core/placement/sizeLimits.ts";
import { UsageError } from "../errors.ts";
import type { PlacementDocument } from "../formats/documents/placement.ts";
import { announce } from "./announce.ts";
import { startProgress } from "./progress.ts";
import { namingRefusals } from "./refusals.ts";

/** Numbers of slots that are tried at least: the fewest, one less and one more. */
const FEW_TRIES = 3;

/**
 * Looks for the fewest slots on every GPU.
 * @throws UsageError when no number of slots reaches the goal
 */
export async function findFewestSlots(
  nodes: readonly ClusterNode[],
  layers: readonly LayerLoads[],
  policy: Policy,
  goal: RedundancyGoal,
): Promise<FewestSlots> {
  if (policy.placement === "resilient")
    announce(
      "looking for the fewest slots",
      FEW_TRIES * searchSeconds(nodes, layers.length),
      "; --placement mro or spread takes less",
    );
  let trying = 0;
  const progress = await startProgress("looking for the fewest slots", undefined, (seconds) => {
    return `${seconds.toFixed(0)} s, trying ${trying} on every GPU`;
  });
  const begun = performance.now();
  const watch = () => progress.update((performance.now() - begun) / 1000);
  const find = () =>
    fewestSlots(nodes, layers, { ...policy, watch }, goal, (slots) => {
      trying = slots;
      watch();
    });
  try {
    return namingRefusals(find, ({ about, message }) => new UsageError(`--${about ?? "slots auto"}: ${message}`));
  } finally {
    progress.stop();
  }
}

/** Memory that a slot takes in all layers: from the size of an expert, or from the model, weights and optimizer state. */
export function bytesOfSlot(layers: number, expertBytes: number | undefined, model: ModelSpec | undefined): number | undefined {
  if (expertBytes !== undefined) return layers * expertBytes;
  return model && model.layers * modelSize(model).expert * model.stateBytesPerParameter;
}

/** What was found, for people who do not see the table. */
export async function chosenSlots(document: PlacementDocument): Promise<string> {
  const { fewestSlotsText } = await import("../report/redundancyTable.ts");
  return fewestSlotsText(document) ?? "";
}
