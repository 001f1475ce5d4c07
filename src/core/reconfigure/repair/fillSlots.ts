/** Slots that a change leaves free go to the experts with most tokens a copy. */
import { FREE_SLOT } from "../../layout/placement.ts";
import type { LayerSetting, RepairedLayer } from "./repairedLayer.ts";
import type { Arrival } from "./trial.ts";

/**
 * Fills the free slots of a layer, each with an expert that its rank does not hold, and its node does not if there is such a slot.
 * @param index of the layer
 * @returns what arrived, in order
 */
export function fillSlots(layer: RepairedLayer, index: number, { slots, nodeOfSlot }: LayerSetting): Arrival[] {
  const { table } = layer;
  const free = new Set([...table.expertAt.keys()].filter((slot) => table.expertAt[slot] === FREE_SLOT));
  const arrivals: Arrival[] = [];
  const full = new Set<number>();
  while (free.size > 0) {
    let hottest = -1;
    for (let expert = 0; expert < table.copies.length; expert++) {
      if (!full.has(expert) && (hottest < 0 || layer.tokensEach(expert) > layer.tokensEach(hottest))) hottest = expert;
    }
    if (hottest < 0) break;
    let best = -1;
    let least = Infinity;
    for (const slot of free) {
      const rank = slots.rankOfSlot[slot]!;
      if (table.holds(rank, hottest)) continue;
      const burden = table.rankLoad[rank]! + (layer.copiesOn(nodeOfSlot[slot]!, hottest) > 0 ? table.mean : 0);
      if (burden >= least) continue;
      least = burden;
      best = slot;
    }
    if (best < 0) {
      full.add(hottest);
      continue;
    }
    free.delete(best);
    table.lift(hottest);
    layer.put(hottest, best);
    table.lay(hottest);
    arrivals.push({ layer: index, expert: hottest, slot: best });
  }
  return arrivals;
}
