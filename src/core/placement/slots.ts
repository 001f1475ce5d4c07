/** Slots being filled: the work area of the placement rules. */
import type { ClusterNode } from "../cluster.ts";
import { FREE_SLOT } from "../placement.ts";

/** Nodes whose slots fill up one replica at a time. */
export class SlotTable {
  /** Expert in each slot, shape [nodes][slots used so far]. */
  readonly nodes: number[][];
  readonly #slots: readonly number[];

  constructor(cluster: readonly ClusterNode[]) {
    this.nodes = cluster.map(() => []);
    this.#slots = cluster.map((node) => node.slots);
  }

  /** Free slots of a node. */
  free(node: number): number {
    return (this.#slots[node] as number) - (this.nodes[node] as number[]).length;
  }

  /** Whether a node holds a replica of an expert. */
  holds(node: number, expert: number): boolean {
    return (this.nodes[node] as number[]).includes(expert);
  }

  /** Puts a replica into a node's next free slot. */
  add(node: number, expert: number): void {
    if (this.free(node) < 1) throw new RangeError(`node ${node} has no free slot for expert ${expert}`);
    (this.nodes[node] as number[]).push(expert);
  }

  /** The node with the most free slots among those that pass, lowest id first; -1 when none has any. */
  roomiest(passes: (node: number) => boolean = () => true): number {
    let best = -1;
    for (let node = 0; node < this.nodes.length; node++) {
      if (this.free(node) > 0 && passes(node) && (best < 0 || this.free(node) > this.free(best))) best = node;
    }
    return best;
  }

  /** Slots of all nodes, free ones marked, shape [nodes][slots]. */
  filled(): number[][] {
    return this.nodes.map((experts, node) => [...experts, ...new Array<number>(this.free(node)).fill(FREE_SLOT)]);
  }
}
