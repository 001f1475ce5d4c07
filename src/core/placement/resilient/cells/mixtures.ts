/** Ways to divide nodes into cells, from the one that survives most to the one that leaves most room. */
import { type CellKind, cellCapacity } from "./cellKinds.ts";

/** Nodes that form a cell, in blocks. */
export interface BlockCell {
  /** Node ids, shape [blocks][nodes of the block]; an expert is hosted by all blocks but one, or by the only one. */
  readonly blocks: readonly (readonly number[])[];
  /** Most experts that the cell holds. */
  readonly capacity: number;
}

/** A division of the nodes into cells. */
export interface Mixture {
  readonly cells: readonly BlockCell[];
  /** Experts that all cells hold together. */
  readonly capacity: number;
  /** Probability that some cell is lost. */
  readonly lost: number;
}

/** Losses that differ by less are equal: a mixture that gives less room is then not worth trying. */
const ROUNDING = 1e-12;

/**
 * The mixtures that no other one beats in both survival and room, those that survive most first; none when the nodes cannot hold the
 * experts. A dynamic program over nodes in order of size and the experts they hold.
 * @param slots of each node, shape [nodes]
 * @param experts to hold
 */
export function findMixtures(slots: readonly number[], experts: number, kinds: readonly CellKind[]): Mixture[] {
  const order = Array.from(slots.keys())
    .sort((a, b) => slots[b]! - slots[a]! || a - b)
    .filter((node) => slots[node]! > 0);
  const capacities = new Capacities(order.map((node) => slots[node]!));
  const fewest = Math.min(...kinds.map(({ blocks, nodes }) => nodes - (blocks.length > 1 ? blocks[0]! : 0)));
  const most = Math.floor(order.reduce((sum, node) => sum + slots[node]!, 0) / fewest);
  const width = most + 1;
  /** -log of the survival of the best division of the first nodes that holds so many experts. */
  const loss = new Float64Array((order.length + 1) * width).fill(Number.POSITIVE_INFINITY);
  const lastKind = new Int16Array(loss.length).fill(-1);
  const costs = kinds.map(({ lost }) => -Math.log1p(-lost));
  loss[0] = 0;
  for (let taken = 1; taken <= order.length; taken++) {
    kinds.forEach((kind, k) => {
      if (kind.nodes > taken) return;
      const capacity = capacities.of(kind, taken - kind.nodes);
      if (capacity === 0) return;
      const from = (taken - kind.nodes) * width;
      const to = taken * width + capacity;
      for (let held = 0; held + capacity <= most; held++) {
        const cost = loss[from + held]! + costs[k]!;
        if (cost < loss[to + held]! - ROUNDING * cost) {
          loss[to + held] = cost;
          lastKind[to + held] = k;
        }
      }
    });
  }
  const front: Mixture[] = [];
  let least = Number.POSITIVE_INFINITY;
  for (let capacity = most; capacity >= experts; capacity--) {
    const cost = loss[order.length * width + capacity]!;
    if (!(cost < least * (1 - ROUNDING) - Number.MIN_VALUE) && front.length > 0) continue;
    if (cost === Number.POSITIVE_INFINITY) continue;
    least = cost;
    const cells: BlockCell[] = [];
    for (let taken = order.length, held = capacity; taken > 0; ) {
      const kind = kinds[lastKind[taken * width + held]!]!;
      const own = capacities.of(kind, taken - kind.nodes);
      cells.push({ blocks: blocksOf(kind, order.slice(taken - kind.nodes, taken)), capacity: own });
      taken -= kind.nodes;
      held -= own;
    }
    front.push({ cells, capacity, lost: -Math.expm1(-cost) });
  }
  return front.reverse();
}

function blocksOf({ blocks }: CellKind, nodes: readonly number[]): number[][] {
  let first = 0;
  return blocks.map((count) => {
    first += count;
    return nodes.slice(first - count, first);
  });
}

/** Experts that cells of each kind hold, by the first of their nodes; found once. */
class Capacities {
  readonly #slots: readonly number[];
  readonly #found = new Map<CellKind, Int32Array>();

  /** @param slots of the nodes in order, shape [nodes] */
  constructor(slots: readonly number[]) {
    this.#slots = slots;
  }

  of(kind: CellKind, first: number): number {
    let found = this.#found.get(kind);
    if (found === undefined) {
      found = new Int32Array(this.#slots.length).fill(-1);
      this.#found.set(kind, found);
    }
    if (found[first]! < 0) {
      let end = first;
      found[first] = cellCapacity(
        kind.blocks.map((count) => {
          end += count;
          return this.#slots[end - 1]!;
        }),
      );
    }
    return found[first]!;
  }
}
