/** Experts without a slot (nodes that leave hand them over, or host memory does) get one each. */
import { FREE_SLOT } from "../../layout/placement.ts";
import type { Arrival, HostProblem } from "./trial.ts";

/**
 * Gives every expert without a slot a free one, or that of a copy which is missed least; first those that no live node has in memory either.
 * As some expert has a copy to spare wherever slots hold all, one arrival each is enough.
 * @returns what arrived, in order
 */
export function houseAll({ layers, slots, sets }: HostProblem): Arrival[] {
  const homeless = layers.flatMap((state, layer) =>
    [...state.table.copies.keys()]
      .filter((expert) => state.table.copies[expert]!.length === 0)
      .map((expert) => ({ state, layer, expert, isKept: state.hostsOf(expert).length > 0 })),
  );
  return [...homeless.filter(({ isKept }) => !isKept), ...homeless.filter(({ isKept }) => isKept)].flatMap(
    ({ state, layer, expert }): Arrival[] => {
      const { copies, expertAt } = state.table;
      let best = -1;
      let least = Infinity;
      let lightest = Infinity;
      for (let slot = 0; slot < expertAt.length && least >= 0; slot++) {
        const victim = expertAt[slot]!;
        const node = slots.nodeOfRank[slots.rankOfSlot[slot]!]!;
        if (victim !== FREE_SLOT && copies[victim]!.length === 1) continue;
        const after = victim === FREE_SLOT ? -1 : state.setWithout(victim, node);
        const harm = after < 0 ? -1 : state.copiesOn(node, victim) > 1 || sets.covers(after) ? 0 : sets.weight(after);
        const tokens = after < 0 ? 0 : state.tokensEach(victim);
        if (harm > least || (harm === least && tokens >= lightest)) continue;
        best = slot;
        least = harm;
        lightest = tokens;
      }
      if (best < 0) return [];
      state.replace(best, expert);
      return [{ layer, expert, slot: best }];
    },
  );
}
