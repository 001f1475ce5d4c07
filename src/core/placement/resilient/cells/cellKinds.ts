/** Kinds of cells: which host sets the nodes of a cell offer to its experts, and how likely the cell is lost. */

/**
 * A cell is one block of nodes, all of which host every expert of the cell; or three blocks or more, where every expert is hosted by
 * all blocks but one. (Two blocks would be two cells.) It is lost when one of its host sets is.
 */
export interface CellKind {
  /** Nodes of each block, largest first. */
  readonly blocks: readonly number[];
  /** Nodes of all blocks. */
  readonly nodes: number;
  /** Probability that one of the host sets fails. */
  readonly lost: number;
}

/** Blocks of a cell beyond which hardly anything is won: its experts are all but whole. */
const MOST_BLOCKS = 6;

/**
 * All kinds of cells up to a size.
 * @param failureProbability of a node, above 0 and below 1
 * @param minHosts nodes that every host set has at least
 * @param mostNodes of a cell
 */
export function cellKinds(failureProbability: number, minHosts: number, mostNodes: number): CellKind[] {
  const kinds: CellKind[] = [];
  for (let nodes = Math.max(1, minHosts); nodes <= mostNodes; nodes++) {
    kinds.push({ blocks: [nodes], nodes, lost: failureProbability ** nodes });
    for (let count = 3; count <= Math.min(MOST_BLOCKS, nodes); count++) {
      const blocks = Array.from({ length: count }, (_, i) => Math.floor((nodes + count - 1 - i) / count));
      if (nodes - blocks[0]! < minHosts) continue;
      kinds.push({ blocks, nodes, lost: lostButOne(blocks.map((block) => failureProbability ** block)) });
    }
  }
  return kinds;
}

/** Probability that all blocks fail, or all but one. */
function lostButOne(blockFails: readonly number[]): number {
  return blockFails.reduce(
    (lost, own, i) => lost + (1 - own) * blockFails.reduce((all, fails, j) => (i === j ? all : all * fails), 1),
    blockFails.reduce((all, fails) => all * fails, 1),
  );
}

/**
 * Most experts that a cell holds.
 * @param slots of the smallest node of each block, shape [blocks]
 */
export function cellCapacity(slots: readonly number[]): number {
  if (slots.length === 1) return slots[0]!;
  // Of n experts, n - slots[i] at least must spare block i, and every expert spares one block only.
  let experts = Math.floor(slots.reduce((sum, count) => sum + count, 0) / (slots.length - 1));
  while (experts > 0 && slots.reduce((sum, count) => sum + Math.max(0, experts - count), 0) > experts) experts--;
  return experts;
}
