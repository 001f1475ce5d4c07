/** Gradient synchronisation of every node, kept up to date as experts change hosts. */
import { countMembers } from "./subsets.ts";

/** Whole numbers stand for shares of hosts up to 16, so that sums are exact: the least common multiple of 1 to 16. */
const UNIT = 720_720;
/** Weight of the busiest node beside the mean of all. The mean shows the way where several nodes are busiest. */
const BUSIEST_WEIGHT = 0.7;

/**
 * Synchronisation of a node: (hosts - 1) / hosts over all experts on it, since the all-reduce of an expert's gradients sends that
 * part of them twice.
 */
export class SyncTable {
  readonly #ofNode: Float64Array;
  readonly #copies: number;

  /**
   * @param nodes at most 16
   * @param copies how often every host set counts: in so many layers
   */
  constructor(nodes: number, copies: number) {
    this.#ofNode = new Float64Array(nodes);
    this.#copies = copies;
  }

  /** An expert goes from one host set to another; 0 stands for no hosts. */
  move(before: number, after: number): void {
    this.#add(before, -this.#copies);
    this.#add(after, this.#copies);
  }

  /** Synchronisation of the busiest node. */
  get busiest(): number {
    return this.#ofNode.reduce((most, own) => Math.max(most, own), 0) / UNIT;
  }

  /** What the search minimises: the busiest node, smoothed by the mean. */
  get cost(): number {
    const mean = this.#ofNode.reduce((sum, own) => sum + own, 0) / this.#ofNode.length;
    return BUSIEST_WEIGHT * this.busiest + ((1 - BUSIEST_WEIGHT) * mean) / UNIT;
  }

  #add(hosts: number, times: number): void {
    if (hosts === 0) return;
    const count = countMembers(hosts);
    const share = (times * UNIT * (count - 1)) / count;
    for (let rest = hosts; rest !== 0; rest &= rest - 1) this.#ofNode[31 - Math.clz32(rest & -rest)]! += share;
  }
}
