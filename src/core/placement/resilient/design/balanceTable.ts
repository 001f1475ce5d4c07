/** How far a layer's host sets are from a balance limit, kept up to date as experts and hosts move. */
import type { LayerTable } from "./layerTable.ts";

/** Cost of a node's mean tokens above the limit, beside the logarithm of the probability that the job is lost. */
const EXCESS_COST = 3;

/**
 * Room of every node set of one layer.
 *
 * The least possible maximum load (shares free) is the maximum over node sets W of (tokens of the experts hosted inside W) /
 * (GPUs of W), so the layer keeps a limit on it when no W holds more tokens than limit * GPUs(W). An expert that changes hosts
 * touches the supersets of its host sets only. On nodes of several GPUs there is one thing more: a host gives an expert one
 * GPU, so no expert may have more tokens than limit * hosts.
 */
export class BalanceTable implements LayerTable {
  /** Tokens above what the limit allows, summed over node sets and experts: 0 when and only when the limit is kept. */
  #excess = 0;
  /** Whole tokens that a node set could hold in addition, shape [2^nodes]. */
  readonly #room: Float64Array;
  readonly #gpus: Float64Array;
  /** Nodes of the cluster in every node set, shape [2^nodes]. */
  readonly #nodes: Float64Array;
  readonly #tokens: number;
  readonly #severalGpus: boolean;
  readonly #costPerToken: number;
  #limit: number;

  /**
   * @param gpus of every node set, shape [2^nodes]
   * @param nodes of the cluster that every node set stands for, shape [2^nodes]
   * @param tokens of the layer
   * @param limit on the tokens of the busiest GPU; at least their mean
   */
  constructor(gpus: Float64Array, nodes: Float64Array, tokens: number, limit: number) {
    this.#gpus = gpus;
    this.#nodes = nodes;
    this.#tokens = tokens;
    this.#severalGpus = gpus.at(-1)! > nodes.at(-1)!;
    this.#costPerToken = tokens === 0 ? 0 : (EXCESS_COST * Math.log2(gpus.length)) / tokens;
    this.#limit = limit;
    this.#room = gpus.map((_, set) => this.#allowed(set));
  }

  /** 0 when and only when the limit is kept. */
  get cost(): number {
    return this.#excess * this.#costPerToken;
  }

  /** Most tokens that a GPU may compute. */
  get limit(): number {
    return this.#limit;
  }

  change(hosts: number, before: number, after: number): void {
    if (before === after) return;
    this.#excess += this.#crowding(hosts, after) - this.#crowding(hosts, before);
    this.#load(hosts, this.#nodesBut(hosts), after - before);
  }

  move(before: number, after: number, tokens: number): void {
    if (tokens === 0) return;
    const left = before & ~after;
    const entered = after & ~before;
    this.#excess += this.#crowding(after, tokens) - this.#crowding(before, tokens);
    if (isOne(left) && isOne(entered)) this.#exchange(before, after, tokens);
    else if (left === 0 && isOne(entered)) this.#load(before, this.#nodesBut(after), -tokens);
    else if (isOne(left) && entered === 0) this.#load(after, this.#nodesBut(before), tokens);
    else {
      this.#load(before, this.#nodesBut(before), -tokens);
      this.#load(after, this.#nodesBut(after), tokens);
    }
  }

  /**
   * The least possible tokens of the busiest GPU, as far as host sets decide it.
   * @param hosts the host sets now in place, shape [positions]
   * @param tokens of the experts on them, shape [positions]
   */
  busiest(hosts: Int32Array, tokens: Float64Array): number {
    let most = 0;
    for (let set = 1; set < this.#room.length; set++) {
      const inside = this.#allowed(set) - this.#room[set]!;
      most = Math.max(most, inside / this.#gpus[set]!);
    }
    if (this.#severalGpus) {
      hosts.forEach((set, position) => {
        most = Math.max(most, tokens[position]! / this.#nodes[set]!);
      });
    }
    return most;
  }

  /** Sets another limit for the host sets and tokens now in place. */
  setLimit(limit: number, hosts: Int32Array, tokens: Float64Array): void {
    hosts.forEach((set, position) => {
      this.change(set, tokens[position]!, 0);
    });
    this.#limit = limit;
    this.#room.forEach((_, set) => {
      this.#room[set] = this.#allowed(set);
    });
    hosts.forEach((set, position) => {
      this.change(set, 0, tokens[position]!);
    });
  }

  /** Puts tokens on the sets that consist of `smallest` and any of `others`. */
  #load(smallest: number, others: number, tokens: number): void {
    const room = this.#room;
    let change = 0;
    for (let more = others; ; more = (more - 1) & others) {
      const set = smallest | more;
      const before = room[set]!;
      const after = before - tokens;
      room[set] = after;
      if (after < 0) change -= after;
      if (before < 0) change += before;
      if (more === 0) break;
    }
    this.#excess += change;
  }

  /** Moves tokens between host sets of one node's difference: the sets that contain both keep theirs. */
  #exchange(before: number, after: number, tokens: number): void {
    const room = this.#room;
    const others = this.#nodesBut(before | after);
    let change = 0;
    for (let more = others; ; more = (more - 1) & others) {
      const relieved = before | more;
      const lacked = room[relieved]!;
      const lacks = lacked + tokens;
      room[relieved] = lacks;
      if (lacked < 0) change += lacks < 0 ? -tokens : lacked;
      const loaded = after | more;
      const had = room[loaded]!;
      const has = had - tokens;
      room[loaded] = has;
      if (has < 0) change += had < 0 ? tokens : -has;
      if (more === 0) break;
    }
    this.#excess += change;
  }

  #nodesBut(hosts: number): number {
    return (this.#room.length - 1) & ~hosts;
  }

  #crowding(hosts: number, tokens: number): number {
    return this.#severalGpus ? Math.max(0, tokens - Math.floor(this.#nodes[hosts]! * this.#limit)) : 0;
  }

  #allowed(set: number): number {
    // The whole cluster holds all tokens whatever the limit.
    if (set === this.#gpus.length - 1) return this.#tokens;
    return Math.floor(this.#limit * this.#gpus[set]!);
  }
}

function isOne(nodes: number): boolean {
  return nodes !== 0 && (nodes & (nodes - 1)) === 0;
}
