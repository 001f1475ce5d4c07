/** The GPUs of one node share its replicas so that none of them carries much more than another. */
import { type ClusterNode, gpuOfSlot } from "../layout/cluster.ts";
import { FREE_SLOT } from "../layout/placement.ts";

/**
 * Reorders a node's slots so that its GPUs' loads come out nearly even: heaviest replica first, each to the least loaded
 * GPU that has room, preferring one that does not hold the expert yet.
 * @param node whose slots these are
 * @param slots expert in each slot, FREE_SLOT where there is none, shape [slots]
 * @param weights tokens that one replica of each expert takes, shape [experts]
 * @returns the same experts in slot order, shape [slots]
 */
export function dealToGpus(node: ClusterNode, slots: readonly number[], weights: readonly number[]): number[] {
  if (node.gpus === 1) return [...slots];
  const room = new Int32Array(node.gpus);
  for (let slot = 0; slot < slots.length; slot++) room[gpuOfSlot(node, slot)]!++;
  const next = new Int32Array(node.gpus);
  for (let gpu = 1; gpu < node.gpus; gpu++) next[gpu] = next[gpu - 1]! + room[gpu - 1]!;
  const load = new Float64Array(node.gpus);
  // Copies of an expert follow one another, so the last expert of a GPU tells whether it holds the next one.
  const last = new Int32Array(node.gpus).fill(FREE_SLOT);
  const dealt = new Array<number>(slots.length).fill(FREE_SLOT);
  const experts = slots.filter((expert) => expert !== FREE_SLOT).sort((a, b) => weights[b]! - weights[a]! || a - b);
  for (const expert of experts) {
    let best = -1;
    for (let gpu = 0; gpu < node.gpus; gpu++) {
      if (room[gpu] === 0) continue;
      if (best >= 0) {
        const [holds, bestHolds] = [last[gpu] === expert, last[best] === expert];
        if (holds !== bestHolds ? holds : load[gpu]! >= load[best]!) continue;
      }
      best = gpu;
    }
    dealt[next[best]!++] = expert;
    room[best]!--;
    last[best] = expert;
    load[best]! += weights[expert]!;
  }
  return dealt;
}
