/** Levelling where shares are even, so that what a move gains is known before it is made. */
import { FREE_SLOT } from "../../layout/placement.ts";
import { carryOut, type LevelProblem, type Move, takeBack } from "./levelMove.ts";
import { LevelMoves } from "./levelMoves.ts";
import type { RepairedLayer } from "./repairedLayer.ts";

/** Busy ranks that are looked at before no more is tried. */
const MOST_BUSY = 12;
/** Moves of a layer. */
const MOST_MOVES = 400;
const LEAST_GAIN = 1e-9;
/** Part of its expected gain that a further move for the same rank must have. */
const AS_EXPECTED = 0.8;

/** Levels a layer by the move that gains most for the replicas it sends, again and again. */
export function levelByBest(layer: RepairedLayer, problem: LevelProblem): void {
  const { table } = layer;
  const target = problem.limit * table.mean;
  const before = layer.moved;
  const { mean } = table;
  const excess = (tokens: number) => {
    if (tokens <= target) return 0;
    const over = (tokens - target) / mean;
    return over * over;
  };
  const moves = new LevelMoves(layer, problem, excess);
  // Loads of ranks for which nothing was found: they come last while they stay the same.
  const stuck = new Float64Array(table.rankLoad.length);
  for (let made = 0; made < MOST_MOVES; made++) {
    const busy = busyRanks(layer, target, stuck);
    if (busy.length === 0) break;
    moves.look();
    const isMade = busy.some((rank) => {
      // What was expected of others, and what they may leave, is as it was only if they have nothing to do with those that were made.
      const touched = new Set<number>();
      for (const { move, gain } of moves.of(rank)) {
        if (table.rankLoad[rank]! <= target) break;
        const experts = touchedBy(layer, move);
        if (experts.some((expert) => touched.has(expert))) continue;
        const least = touched.size === 0 ? LEAST_GAIN : AS_EXPECTED * gain;
        if (!tryMove(layer, move, excess, { least, mostMoved: before + problem.budget })) continue;
        for (const expert of experts) touched.add(expert);
      }
      if (touched.size === 0) stuck[rank] = table.rankLoad[rank]!;
      return touched.size > 0;
    });
    if (!isMade) break;
  }
}

/** Experts whose copies a move changes. */
function touchedBy({ table: { expertAt } }: RepairedLayer, move: Move): readonly number[] {
  if ("trade" in move) return move.trade;
  return [...move.experts, ...move.slots.map((slot) => expertAt[slot]!)].filter((expert) => expert !== FREE_SLOT);
}

/** Makes a move if it gains as much as it must, with no more replicas sent than may be. */
function tryMove(
  layer: RepairedLayer,
  move: Move,
  excess: (tokens: number) => number,
  { least, mostMoved }: { readonly least: number; readonly mostMoved: number },
): boolean {
  const { table } = layer;
  const moved = layer.moved;
  table.begin();
  const back = carryOut(layer, move);
  if (table.change(excess) < -least && layer.moved <= Math.max(mostMoved, moved)) return true;
  takeBack(layer, back);
  table.undo();
  return false;
}

/** Ranks over the target, the busiest first of those that are not stuck, as many as are looked at. */
function busyRanks({ table: { rankLoad } }: RepairedLayer, target: number, stuck: Float64Array): number[] {
  const ranks: number[] = [];
  for (let rank = 0; rank < rankLoad.length; rank++) if (rankLoad[rank]! > target) ranks.push(rank);
  const isStuck = (rank: number) => (stuck[rank] === rankLoad[rank] ? 1 : 0);
  return ranks.sort((a, b) => isStuck(a) - isStuck(b) || rankLoad[b]! - rankLoad[a]! || a - b).slice(0, MOST_BUSY);
}
