/** What a repair changes, as steps of one slot each. */
import { FREE_SLOT } from "../../layout/placement.ts";
import type { OpenRepair } from "./repairPlacement.ts";
import { stayingPut } from "./stayingPut.ts";

/** A slot that takes an expert. */
export interface Step {
  readonly layer: number;
  readonly expert: number;
  readonly slot: number;
}

/** What differs: hosts in the order they were found, then layer by layer; what moves within a node before its slot is taken. */
export function stepsTo(
  goal: OpenRepair,
  held: readonly Int32Array[],
  arrivals: readonly Step[],
  layerOrder: readonly number[],
): Step[] {
  const { setting } = goal;
  const { rankOfSlot } = setting.slots;
  const places = goal.layers.map(({ table }, layer) => stayingPut(table.expertAt, held[layer]!, rankOfSlot));
  const moved = ({ layer, expert, slot }: Step): Step[] => {
    const place = places[layer]![slot]!;
    return held[layer]![place] === expert ? [] : [{ layer, expert, slot: place }];
  };
  const isDue = ({ layer, expert, slot }: Step) => goal.layers[layer]!.table.expertAt[slot] === expert;
  const first = arrivals.filter(isDue).flatMap(moved);
  const done = new Set(first.map(({ layer, slot }) => `${layer}:${slot}`));
  const rest = layerOrder.flatMap((layer) =>
    Array.from(goal.layers[layer]!.table.expertAt).flatMap((expert, slot) =>
      expert === FREE_SLOT ? [] : moved({ layer, expert, slot }).filter((step) => !done.has(`${layer}:${step.slot}`)),
    ),
  );
  return movesWithinNodesFirst([...first, ...rest], held, setting.nodeOfSlot);
}

/** Before a slot is taken, what it held goes where the same node will hold it, which needs no transfer then. */
function movesWithinNodesFirst(steps: readonly Step[], held: readonly Int32Array[], nodeOfSlot: ArrayLike<number>): Step[] {
  const keyOf = (layer: number, expert: number, slot: number) => `${layer}:${expert}:${nodeOfSlot[slot]!}`;
  const arriving = new Map<string, Step[]>();
  for (const step of steps) {
    const key = keyOf(step.layer, step.expert, step.slot);
    arriving.set(key, [...(arriving.get(key) ?? []), step]);
  }
  const ordered = new Set<Step>();
  const begun = new Set<Step>();
  const add = (step: Step) => {
    if (begun.has(step)) return;
    begun.add(step);
    const leaves = held[step.layer]![step.slot]!;
    for (const other of arriving.get(keyOf(step.layer, leaves, step.slot)) ?? []) add(other);
    ordered.add(step);
  };
  for (const step of steps) add(step);
  return [...ordered];
}
