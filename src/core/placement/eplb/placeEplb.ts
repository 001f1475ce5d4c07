/** EPLB as a placement policy: the cluster's slots are its physical experts. */

import { type ClusterNode, totalGpus, totalSlots } from "../../layout/cluster.ts";
import { Infeasible } from "../../layout/infeasible.ts";
import type { LayerLoads, LayerPlacement } from "../../layout/placement.ts";
import { eplbPlacement } from "./eplbPlacement.ts";

/** What EPLB places. */
export interface EplbProblem {
  /** Nodes of equal slots and GPUs; a node's GPUs share its slots evenly. */
  readonly cluster: readonly ClusterNode[];
  readonly layers: readonly LayerLoads[];
  /** Expert groups of group-limited routing; 1 where the model has none. */
  readonly groups: number;
}

/**
 * Places every layer by DeepSeek's EPLB (see `eplbPlacement`), which may give a GPU an expert twice: that slot is of no use, and is kept,
 * as this is the peer's plan.
 * @throws RangeError when the nodes differ in slots or GPUs, or where `eplbPlacement` throws
 */
export function placeEplb({ cluster, layers, groups }: EplbProblem): LayerPlacement[] {
  const first = cluster[0];
  if (first === undefined) throw new RangeError("EPLB needs at least one node");
  for (const node of cluster) {
    if (node.slots !== first.slots || node.gpus !== first.gpus) {
      const has = (one: ClusterNode) => `${one.name} has ${one.slots} slots on ${one.gpus} GPUs`;
      throw new Infeasible(`EPLB needs nodes that are alike: ${has(first)}, ${has(node)}`);
    }
  }
  const shape = { slots: totalSlots(cluster), groups, nodes: cluster.length, gpus: totalGpus(cluster) };
  // One layer at a time: the lists of slots by expert are as large as the placement and serve nobody here.
  return layers.map(({ layer, loads }) => {
    const placed = eplbPlacement([loads], shape);
    const slots = placed.physicalToLogical[0]!;
    const nodes = cluster.map((_, n) => slots.slice(n * first.slots, (n + 1) * first.slots));
    return { layer, loads, replicas: placed.replicas[0]!, nodes };
  });
}
