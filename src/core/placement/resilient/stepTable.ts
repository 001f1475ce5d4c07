/** What a layer's host sets cost a training step, kept up to date as experts and hosts move. */

import type { StepCost } from "../../cost/stepCost.ts";
import type { LayerTable } from "./layerTable.ts";

/** Seconds for a GPU's mean tokens beyond a balance limit: more than any plan saves by them. */
const FINE_SECONDS = 0.3;

/** What a table is built on. */
export interface StepTableParts {
  readonly costs: StepCost;
  /** 1 / GPUs of every node set, shape [2^nodes]. */
  readonly perGpu: Float64Array;
  /** Tokens of a GPU on average, over the whole cluster. */
  readonly mean: number;
  /** Tokens of the layer on these nodes. */
  readonly tokens: number;
  /** GPUs of the whole cluster. */
  readonly ranks: number;
  /** On the busiest GPU's tokens over the mean. */
  readonly limit: number;
}

/**
 * Seconds of one layer's compute and traffic.
 *
 * Compute is exact over nodes: the maximum over node sets of (tokens of the experts hosted inside) / GPUs. Traffic is estimated:
 * the busiest GPU's tokens less the local tokens of the node whose experts get fewest. A GPU is taken to host its part of what
 * its node hosts.
 */
export class StepTable implements LayerTable {
  readonly #costs: StepCost;
  /** Tokens of the experts hosted inside each node set, shape [2^nodes]; not counted for all nodes, which hold everything. */
  readonly #inside: Float64Array;
  /** Tokens of the experts on each node, whichever their other hosts, shape [nodes]. */
  readonly #present: Float64Array;
  /** 1 / GPUs of each node set, shape [2^nodes]. */
  readonly #perGpu: Float64Array;
  /** A GPU's mean tokens over the whole cluster. */
  readonly #mean: number;
  readonly #ranks: number;
  readonly #limit: number;
  /** Tokens of a GPU when all nodes share all tokens: the busiest has no less. */
  readonly #least: number;
  /** Tokens of a GPU in the busiest node set; NaN until counted again. */
  #busiest: number;
  /** The busiest node set, or 0 for all nodes. */
  #busiestSet = 0;

  constructor({ costs, perGpu, mean, tokens, ranks, limit }: StepTableParts) {
    this.#costs = costs;
    this.#perGpu = perGpu;
    this.#mean = mean;
    this.#ranks = ranks;
    this.#limit = limit;
    this.#least = tokens * perGpu.at(-1)!;
    this.#busiest = this.#least;
    this.#inside = new Float64Array(perGpu.length);
    this.#present = new Float64Array(Math.log2(perGpu.length));
  }

  /** Seconds beyond those of perfectly even compute, and a fine for a broken balance limit. */
  get cost(): number {
    if (this.#mean === 0) return 0;
    let leastPresent = Number.POSITIVE_INFINITY;
    for (let node = 0; node < this.#present.length; node++) {
      leastPresent = Math.min(leastPresent, this.#present[node]! * this.#perGpu[1 << node]!);
    }
    const compute = this.#busiestGpu / this.#mean;
    const traffic = compute - leastPresent / (this.#mean * this.#ranks);
    const { perCompute, perTraffic } = this.#costs;
    return perCompute * (compute - 1) + perTraffic * traffic + this.fine;
  }

  /** The part of the cost that stands for a broken balance limit. */
  get fine(): number {
    if (this.#mean === 0) return 0;
    return FINE_SECONDS * Math.max(0, this.#busiestGpu / this.#mean - this.#limit);
  }

  get #busiestGpu(): number {
    if (Number.isNaN(this.#busiest)) this.#findBusiest();
    return this.#busiest;
  }

  change(hosts: number, before: number, after: number): void {
    this.#put(hosts, after - before);
  }

  move(before: number, after: number, tokens: number): void {
    this.#put(before, -tokens);
    this.#put(after, tokens);
  }

  #put(hosts: number, tokens: number): void {
    if (tokens === 0) return;
    const inside = this.#inside;
    const perGpu = this.#perGpu;
    const others = (inside.length - 1) & ~hosts;
    // With fewer tokens, the busiest set may be another one.
    if (tokens < 0 && this.#busiestSet !== 0 && (this.#busiestSet & hosts) === hosts) this.#busiest = Number.NaN;
    let busiest = this.#busiest;
    let busiestSet = this.#busiestSet;
    for (let more = others; more !== 0; ) {
      more = (more - 1) & others;
      const set = hosts | more;
      const tokensInside = inside[set]! + tokens;
      inside[set] = tokensInside;
      const perGpuInside = tokensInside * perGpu[set]!;
      if (perGpuInside > busiest) {
        busiest = perGpuInside;
        busiestSet = set;
      }
    }
    this.#busiest = busiest;
    this.#busiestSet = busiestSet;
    for (let rest = hosts; rest !== 0; rest &= rest - 1) this.#present[31 - Math.clz32(rest & -rest)]! += tokens;
  }

  #findBusiest(): void {
    const inside = this.#inside;
    const perGpu = this.#perGpu;
    let busiest = this.#least;
    let busiestSet = 0;
    for (let set = 1; set < inside.length - 1; set++) {
      const load = inside[set]! * perGpu[set]!;
      if (load > busiest) {
        busiest = load;
        busiestSet = set;
      }
    }
    this.#busiest = busiest;
    this.#busiestSet = busiestSet;
  }
}
