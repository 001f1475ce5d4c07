/** Brings the busiest rank of a layer under a limit with few replicas moved, and no host set worse than those in use. */
import type { RandomSource } from "../../algorithms/random.ts";
import { FREE_SLOT } from "../../layout/placement.ts";
import { levelByBest } from "./levelByBest.ts";
import { levelByTrial } from "./levelByTrial.ts";
import { carryOut, type LevelProblem, takeBack } from "./levelMove.ts";
import type { RepairedLayer } from "./repairedLayer.ts";

/** Times that levelling goes on with what was given back. */
const TURNS = 3;
/** Experts that are offered their old slot back. */
const MOST_RETURNS = 6;

/**
 * Levels a layer whose tokens are shared out; the limit is met where the search finds how. What a move gains is known before it is made
 * where shares are even, and only afterwards where they are free.
 */
export function levelLayer(layer: RepairedLayer, problem: LevelProblem & { readonly random: RandomSource }): void {
  const { table } = layer;
  const before = layer.moved;
  for (let left = problem.budget, turn = 0; turn < TURNS; turn++) {
    const start = layer.moved;
    if (table.sharesAreEven) levelByBest(layer, { ...problem, budget: left });
    else levelByTrial(layer, { ...problem, budget: left }, problem.random);
    if (layer.moved === start) break;
    const reached = layer.moved;
    giveBack(layer, problem, Math.max(problem.limit * table.mean, table.busiest));
    left = problem.budget - (layer.moved - before);
    if (layer.moved === reached || table.busiest <= problem.limit * table.mean) break;
  }
}

/** Experts that had to leave a node return where it turns out that they can. */
function giveBack(layer: RepairedLayer, { slots, nodeOfSlot, mayLeave }: LevelProblem, most: number): void {
  const { table } = layer;
  for (let slot = 0; slot < table.expertAt.length; slot++) {
    const guest = table.expertAt[slot]!;
    const node = nodeOfSlot[slot]!;
    if (guest === FREE_SLOT || layer.wasOn(node, guest)) continue;
    if (layer.copiesOn(node, guest) === 1 && !mayLeave(layer.unitsWithout(guest, node))) continue;
    const away = [...table.copies.keys()].filter(
      (expert) =>
        layer.wasOn(node, expert) && layer.copiesOn(node, expert) === 0 && !table.holds(slots.rankOfSlot[slot]!, expert),
    );
    away.sort((a, b) => layer.tokensEach(b) - layer.tokensEach(a) || a - b);
    for (const expert of away.slice(0, MOST_RETURNS)) {
      table.begin();
      const back = carryOut(layer, { slots: [slot], experts: [expert] });
      if (table.busiest <= most) break;
      takeBack(layer, back);
      table.undo();
    }
  }
}
