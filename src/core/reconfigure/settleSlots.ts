/** Slot order on a node, so that replicas which stay on the node stay where they are. */
import { leastCostAssignment } from "../assignment.ts";
import { type ClusterNode, gpuOfSlot } from "../cluster.ts";
import { FREE_SLOT } from "../placement.ts";

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
  const runOf = gpus === 1 ? [0] : runsOfParts(held, runs, parts);
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
function runsOfParts(held: readonly number[], runs: readonly number[][], parts: readonly number[][]): Int32Array {
  const gpus = runs.length;
  const changes = new Float64Array(gpus * gpus);
  parts.forEach((part, p) => {
    runs.forEach((run, gpu) => {
      changes[p * gpus + gpu] = part.length > run.length ? Infinity : part.length - common(held, run, part);
    });
  });
  return leastCostAssignment(changes, gpus);
}

/** Experts of a part, copies counted, that the slots of a run hold. */
function common(held: readonly number[], run: readonly number[], part: readonly number[]): number {
  let count = 0;
  for (let i = 0; i < part.length; i++) {
    const expert = part[i]!;
    // The k-th copy in the part counts when the run holds k copies.
    let copies = 0;
    for (let before = 0; before <= i; before++) if (part[before] === expert) copies++;
    for (const slot of run) if (held[slot] === expert) copies--;
    if (copies <= 0) count++;
  }
  return count;
}
