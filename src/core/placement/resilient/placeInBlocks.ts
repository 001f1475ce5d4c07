/** Host sets of a large cluster, in which a few nodes each stand together as one. */
import type { Cell } from "./cell.ts";
import type { LayerHosts, PlacementSearch } from "./placeInCells.ts";
import type { ResilientProblem } from "./problem.ts";
import { searchCell } from "./searchCell.ts";
import { membersOf } from "./subsets.ts";

/**
 * Searches host sets for blocks of nodes that all host the same experts: a block fails when all its nodes do.
 * @param blocks to divide the nodes into
 * @returns undefined when nodes do not fail one by one, or the blocks have too few slots
 */
export function placeInBlocks(
  { cluster, layers }: ResilientProblem,
  search: PlacementSearch,
  blocks: number,
): LayerHosts | undefined {
  if (search.units.count < cluster.length) return undefined;
  const positions = Math.max(...layers.map(({ loads }) => loads.length));
  const nodes = divideNodes(
    cluster.map((node) => node.slots),
    blocks,
  );
  const slots = nodes.map((block) => Math.min(positions, ...block.map((node) => cluster[node]!.slots)));
  const minHosts = Math.ceil(search.minReplicas / Math.min(...nodes.map((block) => block.length)));
  if (minHosts > blocks || sum(slots) < positions * minHosts) return undefined;
  const clusterGpus = sum(cluster.map((node) => node.gpus));
  const cell: Cell = {
    slots,
    gpus: nodes.map((block) => sum(block.map((node) => cluster[node]!.gpus))),
    unitOfNode: Array.from(nodes.keys()),
    failureProbabilities: nodes.map((block) => search.units.probability ** block.length),
    nodesEach: nodes.map((block) => block.length),
    positions,
    minHosts,
    layers: layers.map(({ loads }) => ({ loads, meanPerGpu: sum(loads) / clusterGpus })),
    balanceLimit: 1 + search.balanceSlack,
    clusterGpus,
  };
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

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
