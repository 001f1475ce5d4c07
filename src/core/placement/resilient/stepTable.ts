/** What a layer's host sets cost a training step, kept up to date as experts and hosts move. */
import type { LayerTable } from "./layerTable.ts";
import type { StepCost } from "./stepGoal.ts";

/** Seconds for a GPU's mean tokens beyond a balance limit: more than any plan saves by them. */
const EXCESS_SECONDS = 10;

/**
 * Seconds of one layer's compute and traffic.
 *
 * Compute is exact over nodes: the maximum over node sets of (tokens of the experts hosted inside) / GPUs. Traffic is estimated:
 * the busiest GPU's tokens less the local tokens of the node whose experts get fewest. A GPU is taken to host its part of what
 * its node hosts.
 */
export class StepTable implements LayerTable {
  readonly #costs: StepCost;
  /** Tokens of the experts hosted inside each node set, shape [2^nodes]. */
  readonly #inside: Float64Array;
  /** Tokens of the experts on each node, whichever their other hosts, shape [nodes]. */
  readonly #present: Float64Array;
  /** 1 / GPUs of each node set, shape [2^nodes]. */
  readonly #perGpu: Float64Array;
  /** A GPU's mean tokens over the whole cluster. */
  readonly #mean: number;
  readonly #ranks: number;
  readonly #limit: number;
  #cost = 0;
  #stale = true;

  /**
   * @param perGpu 1 / GPUs of every node set, shape [2^nodes]
   * @param mean tokens of a GPU over the whole cluster
   * @param ranks GPUs of the whole cluster
   * @param limit on the busiest GPU's tokens over the mean
   */
  constructor(costs: StepCost, perGpu: Float64Array, mean: number, ranks: number, limit: number) {
    this.#costs = costs;
    this.#perGpu = perGpu;
    this.#mean = mean;
    this.#ranks = ranks;
    this.#limit = limit;
    this.#inside = new Float64Array(perGpu.length);
    this.#present = new Float64Array(Math.log2(perGpu.length));
  }

  /** Seconds beyond those of perfectly even compute. */
  get cost(): number {
    if (this.#stale) {
      this.#cost = this.#count();
      this.#stale = false;
    }
    return this.#cost;
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
    this.#stale = true;
    const inside = this.#inside;
    const others = (inside.length - 1) & ~hosts;
    for (let more = others; ; more = (more - 1) & others) {
      inside[hosts | more]! += tokens;
      if (more === 0) break;
    }
    for (let rest = hosts; rest !== 0; rest &= rest - 1) this.#present[31 - Math.clz32(rest & -rest)]! += tokens;
  }

  #count(): number {
    if (this.#mean === 0) return 0;
    const inside = this.#inside;
    const perGpu = this.#perGpu;
    let busiest = 0;
    for (let set = 1; set < inside.length; set++) {
      const load = inside[set]! * perGpu[set]!;
      if (load > busiest) busiest = load;
    }
    let leastPresent = Number.POSITIVE_INFINITY;
    for (let node = 0; node < this.#present.length; node++) {
      leastPresent = Math.min(leastPresent, this.#present[node]! * perGpu[1 << node]!);
    }
    const compute = busiest / this.#mean;
    const traffic = compute - leastPresent / (this.#mean * this.#ranks);
    const { perCompute, perTraffic } = this.#costs;
    return perCompute * (compute - 1) + perTraffic * traffic + EXCESS_SECONDS * Math.max(0, compute - this.#limit);
  }
}
