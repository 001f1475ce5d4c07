/** A placement on a cluster that has grown: what there is stays where it is, and the new slots can only help. */
import { type ClusterNode, gpuOfSlot } from "../layout/cluster.ts";
import { countReplicas, FREE_SLOT, type LayerPlacement, type Placement } from "../layout/placement.ts";

/** Which expert takes a free slot: the one on the fewest nodes, or the one with most tokens a copy. */
export type Filling = "rarest" | "hottest";

/**
 * The same replicas on a cluster whose first nodes are the old ones, with at least as many slots on every GPU; the new slots are free.
 * @throws RangeError when a node or a GPU has shrunk
 */
export function onGrownCluster<T extends Placement>(placement: T, grown: readonly ClusterNode[]): T {
  const targets = grown.map((node, n) => {
    const old = placement.cluster[n];
    return old === undefined ? [] : slotsOnGrownNode(old, node);
  });
  if (grown.length < placement.cluster.length) throw new RangeError("the cluster has lost nodes");
  const layers = placement.layers.map((layer) => ({
    ...layer,
    nodes: grown.map(({ slots }, n) => {
      const experts = new Array<number>(slots).fill(FREE_SLOT);
      layer.nodes[n]?.forEach((expert, slot) => {
        experts[targets[n]![slot]!] = expert;
      });
      return experts;
    }),
  }));
  return { ...placement, cluster: grown, layers };
}

/** Where each old slot is on the grown node: at the same place among its GPU's slots, shape [old slots]. */
function slotsOnGrownNode(old: ClusterNode, grown: ClusterNode): number[] {
  if (old.gpus !== grown.gpus) throw new RangeError(`node ${old.name} has other GPUs`);
  const firstOf = (node: ClusterNode) =>
    Array.from({ length: node.gpus + 1 }, (_, gpu) => Math.ceil((gpu * node.slots) / node.gpus));
  const [before, after] = [firstOf(old), firstOf(grown)];
  return Array.from({ length: old.slots }, (_, slot) => {
    const gpu = gpuOfSlot(old, slot);
    const target = after[gpu]! + slot - before[gpu]!;
    if (target >= after[gpu + 1]!) throw new RangeError(`GPU ${gpu} of node ${old.name} has fewer slots`);
    return target;
  });
}

/** Fills free slots with further copies, none on a GPU that holds the expert; no host set shrinks, so survival cannot fall. */
export function fillSlots<T extends Placement>(placement: T, by: Filling): T {
  return { ...placement, layers: placement.layers.map((layer) => fillLayer(placement.cluster, layer, by)) };
}

function fillLayer(cluster: readonly ClusterNode[], layer: LayerPlacement, by: Filling): LayerPlacement {
  const { loads } = layer;
  const nodes = layer.nodes.map((slots) => [...slots]);
  const copies = countReplicas(loads.length, nodes);
  const hosts = loads.map(() => 0);
  for (const slots of nodes) for (const expert of new Set(slots)) if (expert !== FREE_SLOT) hosts[expert]!++;
  nodes.forEach((slots, n) => {
    const onNode = new Set(slots);
    const onGpu = Array.from({ length: cluster[n]!.gpus }, () => new Set<number>());
    const gpuOf = (slot: number) => onGpu[gpuOfSlot(cluster[n]!, slot)]!;
    slots.forEach((expert, slot) => {
      gpuOf(slot).add(expert);
    });
    slots.forEach((held, slot) => {
      if (held !== FREE_SLOT) return;
      const precedes = (a: number, b: number) => {
        const tokens = loads[a]! / copies[a]! - loads[b]! / copies[b]!;
        if (by === "hottest") return tokens > 0;
        const apart = Number(onNode.has(a)) - Number(onNode.has(b)) || hosts[a]! - hosts[b]!;
        return apart < 0 || (apart === 0 && tokens > 0);
      };
      let best = -1;
      for (let expert = 0; expert < loads.length; expert++) {
        // Experts without a copy are elsewhere: in host memory.
        if (copies[expert] === 0 || gpuOf(slot).has(expert)) continue;
        if (best < 0 || precedes(expert, best)) best = expert;
      }
      if (best < 0) return;
      slots[slot] = best;
      copies[best]!++;
      if (!onNode.has(best)) hosts[best]!++;
      onNode.add(best);
      gpuOf(slot).add(best);
    });
  });
  return { ...layer, replicas: copies, nodes };
}
