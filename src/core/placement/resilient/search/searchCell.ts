/** Host sets for the experts of one cell. */
import { randomSource } from "../../../algorithms/random.ts";
import { MOVES, STEP_SEARCHES } from "../problem.ts";
import type { Cell, CellHosts, CellSearch } from "./cell.ts";
import { searchForStep } from "./searchForStep.ts";
import { searchForSurvival } from "./searchForSurvival.ts";

/** Searches host sets for a cell. */
export function searchCell(cell: Cell, { moves, hottest, seed, goal, shouldStop }: CellSearch): CellHosts {
  const search = { moves: affordableMoves(cell, moves, FEWEST_MOVES), random: randomSource(seed), shouldStop };
  if (goal !== undefined) return searchForStep(cell, goal, { ...search, hottest: hottest ?? STEP_SEARCHES.normal.hottest });
  const settling = Math.max(moves * SETTLING_SHARE, Math.min(moves, MOVES.fast));
  const settlingMoves = affordableMoves(cell, settling, FEWEST_SETTLING_MOVES);
  return searchForSurvival(cell, { ...search, settlingMoves });
}

/** Moves from each start to meet limits with, as a share of all moves; in a fast search as many. */
const SETTLING_SHARE = 0.05;

/** Moves that a small cell gets at least: so many for each choice of a node for a position of a layer, and so many at most. */
const FEWEST_MOVES = { perChoice: 100, most: 20_000 };
const FEWEST_SETTLING_MOVES = { perChoice: 5, most: 1000 };
/** Choices that need all the moves; with fewer, much fewer moves find as much. */
const CHOICES = 600;

/** Moves that take as long as `moves` do on ten nodes with twelve layers and four hosts an expert; fewer in small cells. */
function affordableMoves({ slots, positions, layers, balanceLimit }: Cell, moves: number, fewest: typeof FEWEST_MOVES): number {
  const cost = (nodes: number, hostsEach: number, layerCount: number) => 500 + layerCount * 2 ** (nodes - hostsEach);
  const hostsEach = slots.reduce((sum, count) => sum + count, 0) / positions;
  const counted = balanceLimit < Number.POSITIVE_INFINITY ? layers.length : 1;
  const affordable = (moves * cost(10, 4, 12)) / cost(slots.length, hostsEach, counted);
  const choices = slots.length * positions * layers.length;
  const wanted = Math.max(affordable * (choices / CHOICES) ** 2, Math.min(fewest.most, fewest.perChoice * choices));
  return Math.ceil(Math.min(affordable, wanted));
}
