/** Host sets for the experts of one cell. */
import { randomSource } from "../../random.ts";
import type { Cell, CellHosts, CellSearch } from "./cell.ts";
import { searchLayerDesigns } from "./layerDesigns.ts";
import { searchSharedDesign } from "./sharedDesign.ts";

/** Share of the moves that may go into the layers' own host sets. */
const LAYERS_SHARE = 0.2;

/** Searches host sets for a cell: a design for all layers, then each layer's own deviations from it. */
export function searchCell(cell: Cell, { moves, seed, shouldStop }: CellSearch): CellHosts {
  const random = randomSource(seed);
  const affordable = affordableMoves(cell, moves);
  const shared = searchSharedDesign(cell, affordable * (1 - LAYERS_SHARE), random, shouldStop);
  // A move in one layer costs about as much as one in all layers divided by their number, and there is one such search for each.
  return searchLayerDesigns(cell, shared, affordable * LAYERS_SHARE, random, shouldStop);
}

/** Moves that take as long as `moves` do on ten nodes with twelve layers and four hosts an expert. */
function affordableMoves({ slots, positions, layers, limitBalance }: Cell, moves: number): number {
  const cost = (nodes: number, hostsEach: number, layerCount: number) => 500 + layerCount * 2 ** (nodes - hostsEach);
  const hostsEach = slots.reduce((sum, count) => sum + count, 0) / positions;
  return Math.ceil((moves * cost(10, 4, 12)) / cost(slots.length, hostsEach, limitBalance ? layers.length : 1));
}
