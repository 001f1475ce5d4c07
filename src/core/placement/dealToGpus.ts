/** The GPUs of one node share its replicas so that none of them carries much more than another. */
import { type ClusterNode, gpuOfSlot } from "../layout/cluster.ts";
import { FREE_SLOT } from "../layout/placement.ts";

/**
 * Reorders the slots of every node so that its GPUs' loads come out nearly even: heaviest replica first, each to the least loaded
 * GPU that has room, preferring one that does not hold the expert yet. No GPU holds an expert twice unless its node has more copies
 * than GPUs.
 * @param nodes expert in each slot, FREE_SLOT where there is none, shape [nodes][slots]
 * @param weights tokens that one replica of each expert takes, shape [experts]
 * @returns the same experts in slot order, free slots last on every GPU, shape [nodes][slots]
 */
export function dealToGpus(
  cluster: readonly ClusterNode[],
  nodes: readonly (readonly number[])[],
  weights: readonly number[],
): number[][] {
  const order = weights.map((_, expert) => expert).sort((a, b) => weights[b]! - weights[a]! || a - b);
  const position = new Int32Array(order.length);
  order.forEach((expert, i) => {
    position[expert] = i;
  });
  return nodes.map((slots, n) => {
    const heaviestFirst = Int32Array.from(slots, (expert) => (expert === FREE_SLOT ? order.length : position[expert]!)).sort();
    return cluster[n]!.gpus === 1 ? [...slots] : dealNode(cluster[n]!, heaviestFirst, order, weights);
  });
}

/** @param sorted places in `order` of the experts in the slots, ascending, shape [slots] */
function dealNode(node: ClusterNode, sorted: Int32Array, order: readonly number[], weights: readonly number[]): number[] {
  const room = roomOfGpus(node);
  const held: number[][] = Array.from(room, () => []);
  const load = new Float64Array(node.gpus);
  // Copies of an expert follow one another, so the last expert of a GPU tells whether it holds the next one.
  const last = new Int32Array(node.gpus).fill(FREE_SLOT);
  const left = room.slice();
  let mayRepeat = false;
  for (const place of sorted) {
    if (place === order.length) break;
    const expert = order[place]!;
    let best = -1;
    for (let gpu = 0; gpu < node.gpus; gpu++) {
      if (left[gpu] === 0) continue;
      if (best >= 0) {
        const [holds, bestHolds] = [last[gpu] === expert, last[best] === expert];
        if (holds !== bestHolds ? holds : load[gpu]! >= load[best]!) continue;
      }
      best = gpu;
    }
    if (last[best] === expert) mayRepeat = true;
    held[best]!.push(expert);
    last[best] = expert;
    left[best]!--;
    load[best]! += weights[expert]!;
  }
  if (mayRepeat) swapRepeats(held, room, load, weights);
  const dealt = new Array<number>(node.slots).fill(FREE_SLOT);
  let first = 0;
  held.forEach((own, gpu) => {
    for (let i = 0; i < own.length; i++) dealt[first + i] = own[i]!;
    first += room[gpu]!;
  });
  return dealt;
}

/** Slots of each GPU of a node, shape [gpus]. */
function roomOfGpus(node: ClusterNode): Int32Array {
  const room = new Int32Array(node.gpus);
  for (let slot = 0; slot < node.slots; slot++) room[gpuOfSlot(node, slot)]!++;
  return room;
}

/**
 * Swaps second copies on a GPU for what another GPU can spare, the swap first that leaves the two lightest. A GPU that lacks the
 * expert always has a free slot or something to give while GPUs differ by at most a slot: what the first lacks, or a second copy
 * of its own.
 */
function swapRepeats(held: number[][], room: Int32Array, load: Float64Array, weights: readonly number[]): void {
  for (let gpu = 0; gpu < held.length; gpu++) {
    for (let place = held[gpu]!.length - 1; place >= 0; place--) {
      const expert = held[gpu]![place]!;
      if (held[gpu]!.indexOf(expert) === place) continue;
      const swap = bestSwap(held, room, load, weights, gpu, expert);
      if (swap === undefined) continue;
      const own = held[swap.gpu]!;
      const gained = swap.place < own.length ? own[swap.place]! : FREE_SLOT;
      const moved = weights[expert]! - (gained === FREE_SLOT ? 0 : weights[gained]!);
      load[gpu]! -= moved;
      load[swap.gpu]! += moved;
      own[swap.place] = expert;
      held[gpu]!.splice(place, 1, ...(gained === FREE_SLOT ? [] : [gained]));
      // What came may be a second copy itself, and any place of this GPU may hold its first.
      place = held[gpu]!.length;
    }
  }
}

/** Where to take what for a second copy of an expert; a place behind the last is a free slot. */
function bestSwap(
  held: readonly (readonly number[])[],
  room: Int32Array,
  load: Float64Array,
  weights: readonly number[],
  gpu: number,
  expert: number,
): { gpu: number; place: number } | undefined {
  let best: { gpu: number; place: number } | undefined;
  let least = Number.POSITIVE_INFINITY;
  held.forEach((own, other) => {
    if (own.includes(expert)) return;
    for (let place = 0; place < room[other]!; place++) {
      const gained = own[place];
      const repeats = gained !== undefined && held[gpu]!.includes(gained);
      if (repeats && own.indexOf(gained) === own.lastIndexOf(gained)) continue;
      const moved = weights[expert]! - (gained === undefined ? 0 : weights[gained]!);
      const higher = Math.max(load[gpu]! - moved, load[other]! + moved);
      if (higher < least) [best, least] = [{ gpu: other, place }, higher];
      if (gained === undefined) break;
    }
  });
  return best;
}
