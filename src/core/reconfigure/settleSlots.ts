/** Slot order on a node, so that replicas which stay on the node stay where they are. */
import { leastCostAssignment } from "../algorithms/assignment.ts";
import { type ClusterNode, gpuOfSlot } from "../layout/cluster.ts";
import { FREE_SLOT } from "../layout/placement.ts";

/**
 * Orders the experts that a node shall hold. Experts that the plan puts on one GPU stay together; which of the node's GPUs
 * takes which of these parts is free, and so are the slots within a GPU.
 * @param held expert in each slot before, shape [slots]
 * @param planned expert in each slot after, in the plan's order, shape [slots]
 * @returns the planned experts, as many of them as can be in their old slots, shape [slots]
 */
export function settleSlots(node: ClusterNode, held: readonly number[], planned: readonly number[]): number[] {
  const { gpus } = node;
  const parts: number[][] = Array.from({ length: gpus }, () => []);
  const runs: number[][] = Array.from({ length: gpus }, () => []);
  for (let slot = 0; slot < planned.length; slot++) {
    const gpu = gpuOfSlot(node, slot);
    runs[gpu]!.push(slot);
    if (planned[slot] !== FREE_SLOT) parts[gpu]!.push(planned[slot]!);
  }
  const settled = new Array<number>(planned.length).fill(FREE_SLOT);
  const runOf = gpus === 1 ? [0] : runsOfParts(node, held, runs, parts);
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

/** Which GPU's slots each part takes so that the fewest replicas change GPU, shape [parts]. */
function runsOfParts(
  node: ClusterNode,
  held: readonly number[],
  runs: readonly number[][],
  parts: readonly number[][],
): Int32Array {
  const { gpus } = node;
  const changes = new Float64Array(gpus * gpus);
  const onGpu = new Int32Array(gpus);
  parts.forEach((part, p) => {
    for (let gpu = 0; gpu < gpus; gpu++) changes[p * gpus + gpu] = part.length > runs[gpu]!.length ? Infinity : part.length;
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
  return leastCostAssignment(changes, gpus);
}
