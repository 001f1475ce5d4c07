/** Slots being filled: the work area of the placement rules. */
import type { ClusterNode } from "../layout/cluster.ts";
import { FREE_SLOT } from "../layout/placement.ts";

/** Nodes whose slots fill up one replica at a time. */
export class SlotTable {
  /** Expert in each slot, shape [nodes][slots used so far]. */
  readonly nodes: number[][];
  readonly #free: number[];
  /** Copies of each expert on each node, shape [nodes][experts seen so far]. */
  readonly #copies: number[][];

  constructor(cluster: readonly ClusterNode[]) {
    this.nodes = cluster.map(() => []);
    this.#copies = cluster.map(() => []);
    this.#free = cluster.map((node) => node.slots);
  }

  /** Free slots of a node. */
  free(node: number): number {
    return this.#free[node]!;
  }

  /** Copies of an expert on a node. */
  copies(node: number, expert: number): number {
    return this.#copies[node]![expert] ?? 0;
  }

  /** Puts a replica into a node's next free slot. */
  add(node: number, expert: number): void {
    if (this.free(node) < 1) throw new RangeError(`node ${node} has no free slot for expert ${expert}`);
    this.nodes[node]!.push(expert);
    const copies = this.#copies[node]!;
    while (copies.length <= expert) copies.push(0);
    copies[expert]!++;
    this.#free[node] = this.free(node) - 1;
  }

  /** Nodes with a free slot, most free slots first, lowest id first among equals. */
  roomiestFirst(): Int32Array {
    const free = this.#free;
    // Counting sort: how many nodes have at least so many free slots is where those with one less begin.
    const starts = new Int32Array(free.reduce((most, room) => Math.max(most, room), 0) + 2);
    for (const room of free) starts[room]!++;
    for (let room = starts.length - 2; room >= 0; room--) starts[room]! += starts[room + 1]!;
    const order = new Int32Array(starts[1]!);
    free.forEach((room, node) => {
      if (room > 0) order[starts[room + 1]!++] = node;
    });
    return order;
  }

  /** Slots of all nodes, free ones marked, shape [nodes][slots]. */
  filled(): number[][] {
    return this.nodes.map((experts, node) => [...experts, ...new Array<number>(this.free(node)).fill(FREE_SLOT)]);
  }
}
