/** From host sets to slots: a layer's placement with one copy of every expert on each of its hosts. */
import { type ClusterNode, gpuOfSlot, totalGpus } from "../../../layout/cluster.ts";
import { FREE_SLOT, type LayerLoads, type LayerPlacement } from "../../../layout/placement.ts";

/**
 * Fills the slots of each node with the experts it hosts; what is left stays free.
 *
 * The GPUs of a node share its experts so that free shares can make all ranks' loads even: node after node, experts are
 * dealt by what their remaining hosts would have to take each, and what a GPU takes beyond or below its fair share changes what is
 * left for the nodes that follow.
 * @param hosts nodes of each expert, ascending, shape [experts][hosts]; no node has more experts than slots
 */
export function placeHosts(
  cluster: readonly ClusterNode[],
  { layer, loads }: LayerLoads,
  hosts: readonly (readonly number[])[],
): LayerPlacement {
  const held: number[][] = cluster.map(() => []);
  hosts.forEach((set, expert) => {
    for (const node of set) held[node]!.push(expert);
  });
  const tokensLeft = Float64Array.from(loads);
  const hostsLeft = Int32Array.from(hosts, (set) => set.length);
  const fairShare = loads.reduce((sum, load) => sum + load, 0) / totalGpus(cluster);
  const nodes = cluster.map((node, n) => {
    const experts = held[n]!;
    if (node.gpus === 1) return [...experts, ...new Array<number>(node.slots - experts.length).fill(FREE_SLOT)];
    const weights = experts.map((expert) => tokensLeft[expert]! / hostsLeft[expert]!);
    const slots = gpuSlots(node);
    const byGpu = dealEvenly(weights, slots);
    for (const dealt of byGpu) {
      const load = dealt.reduce((sum, i) => sum + weights[i]!, 0);
      for (const i of dealt) {
        const expert = experts[i]!;
        const taken = load === 0 ? 0 : (weights[i]! * fairShare) / load;
        tokensLeft[expert] = Math.max(0, tokensLeft[expert]! - taken);
        hostsLeft[expert]!--;
      }
    }
    return byGpu.flatMap((dealt, gpu) => [
      ...dealt.map((i) => experts[i]!),
      ...new Array<number>(slots[gpu]! - dealt.length).fill(FREE_SLOT),
    ]);
  });
  return { layer, loads, replicas: hosts.map((set) => set.length), nodes };
}

/** Slots of each GPU of a node. */
function gpuSlots(node: ClusterNode): number[] {
  const slots = new Array<number>(node.gpus).fill(0);
  for (let slot = 0; slot < node.slots; slot++) slots[gpuOfSlot(node, slot)]!++;
  return slots;
}

/** Deals items to bins, heaviest first, each to the lightest bin with room; items by bin. */
function dealEvenly(weights: readonly number[], room: readonly number[]): number[][] {
  const bins: number[][] = room.map(() => []);
  const load = new Float64Array(room.length);
  for (const item of Array.from(weights.keys()).sort((a, b) => weights[b]! - weights[a]! || a - b)) {
    let lightest = -1;
    for (let bin = 0; bin < room.length; bin++) {
      if (bins[bin]!.length < room[bin]! && !(load[bin]! >= (load[lightest] ?? Infinity))) lightest = bin;
    }
    bins[lightest]!.push(item);
    load[lightest]! += weights[item]!;
  }
  return bins;
}
