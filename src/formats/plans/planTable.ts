/** A placement as the table that serving systems want: equally many slots on every rank, none of them free. */

import { type ClusterNode, deadRanks, totalGpus } from "../../core/layout/cluster.ts";
import { FREE_SLOT } from "../../core/layout/placement.ts";
import { shownName } from "../../errors.ts";
import { type PlacementDocument, rankedPlacementOf } from "../documents/placement.ts";
import { moePlacements, refusal } from "./moePlacements.ts";
import type { LayerNumbering, PlanRow, PlanSystem } from "./plan.ts";

/** A placement in slots. */
export interface PlanTable {
  readonly ranks: number;
  /** Logical experts of a layer. */
  readonly experts: number;
  /** Slots that hold no expert, being of dead ranks. */
  readonly dead: number;
  /** Rows of the MoE layers; `layer` counts them from 0. */
  readonly rows: readonly PlanRow[];
}

/** Why a system has no place for dead ranks among live ones; nothing where a slot of -1 is none. */
const NO_DEAD_RANKS: Readonly<Record<PlanSystem, string | undefined>> = {
  // SGLang 0.5.23, expert_location.py: every entry of the map is a copy, and -1 is the last expert.
  sglang: "SGLang 0.5.23 takes every slot for a live copy, and -1 for the last expert",
  // vllm-ascend 0.23.0, eplb_utils.py: entries index a table of experts.
  ascend: "vllm-ascend 0.23.0 takes every slot for a live copy, and -1 for the last expert",
  // TensorRT-LLM, moeLoadBalancer.cpp: setInitialWeightAssignments checks every id.
  trtllm: "TensorRT-LLM stops at expert ids below 0",
  vllm: undefined,
};

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
  const { cluster: nodes, layers } = rankedPlacementOf(document);
  const refuse = (found: string, remedy: string) => refusal(system, found, remedy);
  const crippled = nodes.find(({ deadGpus }) => deadGpus !== undefined);
  const reason = NO_DEAD_RANKS[system];
  if (crippled !== undefined && reason !== undefined) {
    throw refuse(
      crippled.slots === 0
        ? `${shownName(crippled.name)} is dead and keeps its ranks`
        : `GPU ${crippled.deadGpus!.join(", ")} of ${shownName(crippled.name)} is dead`,
      `${reason}: ${crippled.slots === 0 ? "recover without --keep-ranks" : `let the whole node fail (recover --failed ${shownName(crippled.name)})`} and start it on the live ranks, or take --format vllm or json`,
    );
  }
  const liveGpus = ({ gpus, deadGpus = [] }: ClusterNode) => gpus - deadGpus.length;
  const perRank = (node: ClusterNode) => node.slots / liveGpus(node);
  const [first, ...others] = nodes.filter(({ slots }) => slots > 0) as [ClusterNode, ...ClusterNode[]];
  const uneven = [first, ...others].find((node) => node.slots % liveGpus(node) !== 0);
  if (uneven !== undefined) {
    throw refuse(
      `${uneven.name} has ${uneven.slots} slots for ${liveGpus(uneven)} GPUs`,
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
  const width = perRank(first);
  const noSlots = new Array<number>(width).fill(FREE_SLOT);
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
    return { layer: index, slots: nodes.flatMap((node, n) => withDeadColumns(node, slots[n]!, noSlots)) };
  });
  return { ranks: totalGpus(nodes), experts, dead: deadRanks(nodes).length * width, rows };
}

/** The slots of a node's ranks, those of dead ones among them. */
function withDeadColumns({ gpus, deadGpus = [] }: ClusterNode, held: readonly number[], noSlots: readonly number[]): number[] {
  let next = 0;
  return Array.from({ length: gpus }, (_, gpu) => {
    if (deadGpus.includes(gpu)) return noSlots;
    next += noSlots.length;
    return held.slice(next - noSlots.length, next);
  }).flat();
}

/** Slots that hold an expert which another slot of the same rank holds already: of no use to systems that place whole slots. */
export function wastedSlots({ ranks, rows }: PlanTable): number {
  let wasted = 0;
  for (const { slots } of rows) {
    const width = slots.length / ranks;
    for (let rank = 0; rank < ranks; rank++) {
      const held = slots.slice(rank * width, (rank + 1) * width).filter((expert) => expert !== FREE_SLOT);
      wasted += held.length - new Set(held).size;
    }
  }
  return wasted;
}
