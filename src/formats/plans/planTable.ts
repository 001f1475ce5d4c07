/** A placement as the table that serving systems want: equally many slots on every rank, none of them free. */

import { type ClusterNode, totalGpus } from "../../core/layout/cluster.ts";
import { FREE_SLOT } from "../../core/layout/placement.ts";
import { shownName } from "../../errors.ts";
import { type PlacementDocument, placementOf } from "../documents/placement.ts";
import { moePlacements, refusal } from "./moePlacements.ts";
import type { LayerNumbering, PlanRow, PlanSystem } from "./plan.ts";

/** A placement in slots. */
export interface PlanTable {
  readonly ranks: number;
  /** Logical experts of a layer. */
  readonly experts: number;
  /** Rows of the MoE layers; `layer` counts them from 0. */
  readonly rows: readonly PlanRow[];
}

/**
 * The table of a placement.
 * @param notice is told which layers are left out
 * @throws UsageError when the system cannot hold the placement, with what to do about it
 */
export function planTable(
  document: PlacementDocument,
  system: PlanSystem,
  numbering: LayerNumbering,
  notice?: (message: string) => void,
): PlanTable {
  const { cluster: nodes, layers } = placementOf(document);
  const refuse = (found: string, remedy: string) => refusal(system, found, remedy);
  const crippled = nodes.find(({ deadGpus }) => deadGpus !== undefined);
  if (crippled !== undefined) {
    throw refuse(
      `GPU ${crippled.deadGpus!.join(", ")} of ${shownName(crippled.name)} is dead`,
      `its tables give every rank as many slots: let the whole node fail (recover --failed ${shownName(crippled.name)}), or take --format json`,
    );
  }
  const perRank = (node: ClusterNode) => node.slots / node.gpus;
  const [first, ...others] = nodes as [ClusterNode, ...ClusterNode[]];
  const uneven = [first, ...others].find((node) => node.slots % node.gpus !== 0);
  if (uneven !== undefined) {
    throw refuse(
      `${uneven.name} has ${uneven.slots} slots for ${uneven.gpus} GPUs`,
      "every rank needs the same number of slots: make a node's slots a multiple of its GPUs",
    );
  }
  const odd = others.find((node) => perRank(node) !== perRank(first));
  if (odd !== undefined) {
    throw refuse(
      `${first.name} has ${perRank(first)} slots a rank, ${odd.name} ${perRank(odd)}`,
      "every rank needs the same number of slots: place on nodes with as many as the smallest has",
    );
  }
  const experts = layers[0]?.loads.length ?? 0;
  const moe = moePlacements(layers, system, numbering, notice);
  const rows = moe.map(({ layer, loads, replicas, nodes: slots }, index) => {
    if (loads.length !== experts) {
      throw refuse(
        `layer ${layer} has ${loads.length} experts, others ${experts}`,
        "place layers of different sizes one by one (--layers)",
      );
    }
    const free = slots.findIndex((row) => row.includes(FREE_SLOT));
    if (free >= 0) {
      throw refuse(
        `${shownName(nodes[free]!.name)} has a free slot in layer ${layer}`,
        "every slot needs a replica: take a policy that fills all slots, such as --placement eplb or mro",
      );
    }
    const spilled = replicas.indexOf(0);
    if (spilled >= 0)
      throw refuse(`expert ${spilled} of layer ${layer} has no slot`, "every expert needs one: add nodes or slots");
    return { layer: index, slots: slots.flat() };
  });
  return { ranks: totalGpus(nodes), experts, rows };
}

/** Slots that hold an expert which another slot of the same rank holds already: of no use to systems that place whole slots. */
export function wastedSlots({ ranks, rows }: PlanTable): number {
  let wasted = 0;
  for (const { slots } of rows) {
    const width = slots.length / ranks;
    for (let rank = 0; rank < ranks; rank++) wasted += width - new Set(slots.slice(rank * width, (rank + 1) * width)).size;
  }
  return wasted;
}
