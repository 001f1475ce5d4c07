/** Host sets of a large cluster, in which a few nodes each stand together as one. */

import { membersOf } from "../design/subsets.ts";
import type { ResilientProblem } from "../problem.ts";
import { clusterCell } from "./clusterCell.ts";
import type { LayerHosts, PlacementSearch } from "./placeInCells.ts";
import { searchCell } from "./searchCell.ts";

/**
 * Searches host sets for blocks of nodes that all host the same experts: a block fails when all its nodes do.
 * @param blocks to divide the nodes into
 * @returns undefined when nodes do not fail one by one, or the blocks have too few slots
 */
export function placeInBlocks(problem: ResilientProblem, search: PlacementSearch, blocks: number): LayerHosts | undefined {
  const { cluster } = problem;
  if (search.units.count < cluster.length) return undefined;
  const nodes = divideNodes(
    cluster.map((node) => node.slots),
    blocks,
  );
  const minHosts = Math.ceil(search.minReplicas / Math.min(...nodes.map((block) => block.length)));
  const cell = clusterCell(problem, nodes, search.units, { minHosts, balanceLimit: 1 + search.balanceSlack });
  const slots = cell.slots.reduce((sum, count) => sum + count, 0);
  if (minHosts > blocks || slots < cell.positions * minHosts) return undefined;
  return searchCell(cell, search).map((sets) =>
    Array.from(sets, (set) =>
      membersOf(set)
        .flatMap((block) => nodes[block]!)
        .sort((a, b) => a - b),
    ),
  );
}

/** Blocks as equal as they come, of nodes with slots as equal as they come, shape [blocks][nodes of the block]. */
function divideNodes(slots: readonly number[], blocks: number): number[][] {
  const order = Array.from(slots.keys()).sort((a, b) => slots[b]! - slots[a]! || a - b);
  const start = (block: number) => Math.floor((block * slots.length) / blocks);
  return Array.from({ length: blocks }, (_, block) => order.slice(start(block), start(block + 1)));
}
