/** The GPUs of one node share its replicas so that none of them carries much more than another. */
import { type ClusterNode, gpuOfSlot } from "../cluster.ts";
import { FREE_SLOT } from "../placement.ts";

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
  const room = new Array<number>(node.gpus).fill(0);
  slots.forEach((_, slot) => {
    room[gpuOfSlot(node, slot)] = (room[gpuOfSlot(node, slot)] as number) + 1;
  });
  const load = new Array<number>(node.gpus).fill(0);
  const held: number[][] = room.map(() => []);
  const weight = (expert: number) => weights[expert] as number;
  const experts = slots.filter((expert) => expert !== FREE_SLOT).sort((a, b) => weight(b) - weight(a) || a - b);
  for (const expert of experts) {
    const withRoom = room.flatMap((size, gpu) => ((held[gpu] as number[]).length < size ? [gpu] : []));
    const fresh = withRoom.filter((gpu) => !(held[gpu] as number[]).includes(expert));
    const gpu = (fresh.length > 0 ? fresh : withRoom).reduce((best, other) =>
      (load[other] as number) < (load[best] as number) ? other : best,
    );
    (held[gpu] as number[]).push(expert);
    load[gpu] = (load[gpu] as number) + weight(expert);
  }
  return held.flatMap((list, gpu) => [...list, ...new Array<number>((room[gpu] as number) - list.length).fill(FREE_SLOT)]);
}
