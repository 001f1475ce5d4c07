/** Slot order on a node, so that replicas which stay on the node stay where they are. */
import { leastCostAssignment } from "../algorithms/assignment.ts";
import { type ClusterNode, gpuOfSlot } from "../layout/cluster.ts";
import { FREE_SLOT } from "../layout/placement.ts";

/** What a node holds of a layer, and what it shall hold: expert in each slot, shape [slots]. */
export interface NodeLayer {
  readonly held: readonly number[];
  /** In the plan's order. */
  readonly planned: readonly number[];
}

/**
 * Orders the experts that a node shall hold. Experts that the plan puts on one GPU stay together; the slots within a GPU are free.
 * @param runOf GPU that takes each part of the plan, as `gpusOfParts` finds it, shape [gpus]
 * @returns the planned experts, as many of them as can be in their old slots, shape [slots]
 */
export function settleSlots(node: ClusterNode, { held, planned }: NodeLayer, runOf: ArrayLike<number>): number[] {
  const { runs, parts } = partsOf(node, planned);
  const settled = new Array<number>(planned.length).fill(FREE_SLOT);
  parts.forEach((part, p) => {
    const run = runs[runOf[p]!]!;
    const arriving = part.slice();
    for (const slot of run) {
      const at = arriving.indexOf(held[slot]!);
      if (at < 0) continue;
      settled[slot] = held[slot]!;
      arriving.splice(at, 1);
    }
    let next = 0;
    for (const slot of run) if (settled[slot] === FREE_SLOT && next < arriving.length) settled[slot] = arriving[next++]!;
  });
  return settled;
}

/**
 * Which of a node's GPUs takes what the plan puts on each, so that the fewest replicas change GPU.
 * @param layers that share the answer
 * @returns shape [gpus]
 */
export function gpusOfParts(node: ClusterNode, layers: readonly NodeLayer[]): ArrayLike<number> {
  const { gpus } = node;
  if (gpus === 1) return [0];
  const changes = new Float64Array(gpus * gpus);
  const onGpu = new Int32Array(gpus);
  for (const { held, planned } of layers) {
    const { runs, parts } = partsOf(node, planned);
    parts.forEach((part, p) => {
      for (let gpu = 0; gpu < gpus; gpu++) changes[p * gpus + gpu]! += part.length > runs[gpu]!.length ? Infinity : part.length;
      part.forEach((expert, first) => {
        if (part.indexOf(expert) !== first) return;
        let copies = 0;
        for (const other of part) if (other === expert) copies++;
        onGpu.fill(0);
        for (let slot = held.indexOf(expert); slot >= 0; slot = held.indexOf(expert, slot + 1)) {
          const gpu = gpuOfSlot(node, slot);
          if (onGpu[gpu]!++ < copies) changes[p * gpus + gpu]!--;
        }
      });
    });
  }
  return leastCostAssignment(changes, gpus);
}

/** Slots of each GPU, and the experts that a plan puts on it, shape [gpus]. */
function partsOf(node: ClusterNode, planned: readonly number[]): { runs: number[][]; parts: number[][] } {
  const parts: number[][] = Array.from({ length: node.gpus }, () => []);
  const runs: number[][] = Array.from({ length: node.gpus }, () => []);
  for (let slot = 0; slot < planned.length; slot++) {
    const gpu = gpuOfSlot(node, slot);
    runs[gpu]!.push(slot);
    if (planned[slot] !== FREE_SLOT) parts[gpu]!.push(planned[slot]!);
  }
  return { runs, parts };
}
