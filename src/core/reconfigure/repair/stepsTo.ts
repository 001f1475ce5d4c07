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

/** What differs: hosts in the order they were found, then layer by layer. */
export function stepsTo(
  goal: OpenRepair,
  held: readonly Int32Array[],
  arrivals: readonly Step[],
  layerOrder: readonly number[],
): Step[] {
  const { rankOfSlot } = goal.setting.slots;
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
  return [...first, ...rest];
}
