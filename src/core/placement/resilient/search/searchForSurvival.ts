/** Host sets that survive the most failures, within balance limits where there are any. */
import { leastLost } from "../../../recovery/leastLost.ts";
import { survivalObjective } from "../design/objective.ts";
import { SurvivalTable } from "../design/survivalTable.ts";
import type { Annealing } from "./anneal.ts";
import type { Cell, CellHosts } from "./cell.ts";
import { LAYER_TEMPERATURES, makeTables, searchLayers } from "./searchLayers.ts";
import { fullStarts, hostsOfExperts, makeSharedDesign, searchSharedDesign } from "./sharedDesign.ts";

/** First temperature of a shared design without limits to keep. */
const HOTTEST_WITHOUT_LIMITS = 0.3;
/** Share of the moves that may go into the layers' own host sets. */
const LAYERS_SHARE = 0.2;
/** Divisions of slots to try for a bound: looser than users see, and quick. */
const BOUND_EFFORT = 20_000;
/** Sums of probabilities in different order differ by less. */
const ROUNDING = 1e-9;

/**
 * Searches a design that all layers share; then layers beyond their balance limit get host sets of their own. Without limits,
 * every layer is brought nearer to perfect balance in the end, as far as survival stays the same.
 */
export function searchForSurvival(
  cell: Cell,
  { settlingMoves, ...search }: Pick<Annealing, "moves" | "random" | "shouldStop"> & { readonly settlingMoves: number },
): CellHosts {
  const { minHosts } = cell;
  const limited = cell.balanceLimit < Number.POSITIVE_INFINITY;
  const tables = limited ? makeTables(cell, cell.balanceLimit) : [];
  const shared = makeSharedDesign(cell, tables, {
    objective: survivalObjective,
    survival: new SurvivalTable(cell.unitOfNode, cell.failureProbabilities, minHosts),
  });
  const annealing = { ...search, minHosts, ...LAYER_TEMPERATURES };
  const hottest = limited ? annealing.hottest : HOTTEST_WITHOUT_LIMITS;
  const sharedSearch = {
    ...annealing,
    hottest,
    moves: search.moves * (1 - LAYERS_SHARE),
    enough: leastLostOf(cell) * (1 + ROUNDING),
  };
  searchSharedDesign(shared, fullStarts(cell), sharedSearch, settlingMoves);
  // A move in one layer costs about as much as one in all layers divided by their number, and there is one search for each.
  return searchLayers(cell, hostsOfExperts(shared, cell), {
    ...annealing,
    moves: search.moves * LAYERS_SHARE,
  });
}

/** The bound on what the cell's job loses; 0 where nodes do not fail alike, for which there is none. */
function leastLostOf({ slots, positions, unitOfNode, failureProbabilities }: Cell): number {
  const probability = failureProbabilities[0]!;
  if (failureProbabilities.length < unitOfNode.length || failureProbabilities.some((p) => p !== probability)) return 0;
  return leastLost(positions, slots, probability, BOUND_EFFORT);
}
