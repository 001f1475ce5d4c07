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
  planned.forEach((expert, slot) => {
    runs[gpuOfSlot(node, slot)]!.push(slot);
    if (expert !== FREE_SLOT) parts[gpuOfSlot(node, slot)]!.push(expert);
  });
  const moves = Float64Array.from({ length: gpus * gpus }, (_, at) => {
    const part = parts[Math.floor(at / gpus)]!;
    const run = runs[at % gpus]!;
    return part.length > run.length ? Infinity : arrivals(held, run, part).length;
  });
  const runOf = gpus === 1 ? [0] : leastCostAssignment(moves, gpus);
  const settled = new Array<number>(planned.length).fill(FREE_SLOT);
  parts.forEach((part, p) => {
    const run = runs[runOf[p]!]!;
    const arriving = arrivals(held, run, part);
    const staying = [...part];
    for (const expert of arriving) staying.splice(staying.indexOf(expert), 1);
    for (const slot of run) {
      const at = staying.indexOf(held[slot]!);
      if (at >= 0) settled[slot] = staying.splice(at, 1)[0]!;
    }
    for (const slot of run) if (settled[slot] === FREE_SLOT) settled[slot] = arriving.shift() ?? FREE_SLOT;
  });
  return settled;
}

/** Experts of a part, copies counted, that the slots of a run do not hold already. */
function arrivals(held: readonly number[], run: readonly number[], part: readonly number[]): number[] {
  const present = run.map((slot) => held[slot]!);
  return part.filter((expert) => {
    const at = present.indexOf(expert);
    if (at >= 0) present.splice(at, 1);
    return at < 0;
  });
}
