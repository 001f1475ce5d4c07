/** What has to move to get from one plan to another. */
import type { Placement } from "../layout/placement.ts";
import { type Reconfiguration, reconfigure } from "../reconfigure/reconfigure.ts";
import { survivors } from "../reconfigure/survivors.ts";

/**
 * The way from one plan to another on the same nodes, alike nodes playing each other's parts where that saves moves, as in `recover`.
 * Experts that wait in host memory count as held by the nodes that keep them.
 * @returns nothing where nodes, layers or experts differ, or an expert of the old plan has no host
 */
export function movesBetween(
  old: Placement,
  next: Placement,
): Pick<Reconfiguration, "transfers" | "rounds" | "placement"> | undefined {
  const alike =
    old.cluster.length === next.cluster.length &&
    old.cluster.every((node, n) => {
      const other = next.cluster[n]!;
      return (
        node.slots === other.slots &&
        node.gpus === other.gpus &&
        node.domain === other.domain &&
        String(node.deadGpus) === String(other.deadGpus)
      );
    }) &&
    old.layers.length === next.layers.length &&
    old.layers.every(({ layer, loads }, l) => layer === next.layers[l]!.layer && loads.length === next.layers[l]!.loads.length);
  if (!alike) return undefined;
  const held = survivors(old, []);
  if (held.lost.length > 0) return undefined;
  return reconfigure({ survivors: held, plan: next.layers, mapping: "optimal", keepDomains: true });
}
