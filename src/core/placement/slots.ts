/** Slots being filled: the work area of the placement rules. */
import type { ClusterNode } from "../layout/cluster.ts";
import { FREE_SLOT } from "../layout/placement.ts";

/** Nodes whose slots fill up one replica at a time. */
export class SlotTable {
  /** Expert in each slot, shape [nodes][slots used so far]. */
  readonly nodes: number[][];
  readonly #free: number[];

  constructor(cluster: readonly ClusterNode[]) {
    this.nodes = cluster.map(() => []);
    this.#free = cluster.map((node) => node.slots);
  }

  /** Free slots of a node. */
  free(node: number): number {
    return this.#free[node]!;
  }

  /** Whether a node holds a replica of an expert. */
  holds(node: number, expert: number): boolean {
    return this.nodes[node]!.includes(expert);
  }

  /** Puts a replica into a node's next free slot. */
  add(node: number, expert: number): void {
    if (this.free(node) < 1) throw new RangeError(`node ${node} has no free slot for expert ${expert}`);
    this.nodes[node]!.push(expert);
    this.#free[node] = this.free(node) - 1;
  }

  /** The node with the most free slots among those that pass, lowest id first; -1 when none has any. */
  roomiest(passes?: (node: number) => boolean): number {
    const free = this.#free;
    let best = -1;
    let most = 0;
    for (let node = 0; node < free.length; node++) {
      const room = free[node]!;
      if (room > most && (passes === undefined || passes(node))) {
        best = node;
        most = room;
      }
    }
    return best;
  }

  /** Slots of all nodes, free ones marked, shape [nodes][slots]. */
  filled(): number[][] {
    return this.nodes.map((experts, node) => [...experts, ...new Array<number>(this.free(node)).fill(FREE_SLOT)]);
  }
}
