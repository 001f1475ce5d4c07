/** How far a layer's host sets are from a balance limit, kept up to date as experts and hosts move. */

/**
 * Room of every node set of one layer.
 *
 * The least possible maximum load (shares free) is the maximum over node sets W of (tokens of the experts hosted inside W) /
 * (GPUs of W), so the layer keeps a balance limit when no W holds more tokens than limit * mean * GPUs(W). An expert that
 * changes hosts touches the supersets of its host set only.
 */
export class BalanceTable {
  /** Tokens above what the limit allows, summed over all node sets: 0 when and only when the limit is kept. */
  excess = 0;
  /** Whole tokens that a node set could hold in addition, shape [2^nodes]. */
  readonly #room: Float64Array;
  readonly #gpus: Float64Array;
  readonly #tokens: number;
  #limit: number;

  /**
   * @param gpus of every node set, shape [2^nodes]
   * @param tokens of the layer
   * @param limit on the busiest GPU's tokens over the mean
   */
  constructor(gpus: Float64Array, tokens: number, limit: number) {
    this.#gpus = gpus;
    this.#tokens = tokens;
    this.#limit = limit;
    this.#room = gpus.map((_, set) => this.#allowed(set));
  }

  /** Tokens of an expert with these hosts come (or go, when negative). */
  add(hosts: number, tokens: number): void {
    const all = this.#room.length - 1;
    this.#change(hosts, all & ~hosts, tokens);
  }

  /** An expert's tokens gain the host `node`. */
  grow(hosts: number, node: number, tokens: number): void {
    const all = this.#room.length - 1;
    this.#change(hosts, all & ~hosts & ~(1 << node), -tokens);
  }

  /** An expert's tokens lose the host `node`. */
  shrink(hosts: number, node: number, tokens: number): void {
    this.grow(hosts & ~(1 << node), node, -tokens);
  }

  /** An expert moves from one of its hosts to a node that is none. */
  exchange(hosts: number, from: number, to: number, tokens: number): void {
    const room = this.#room;
    const kept = hosts & ~(1 << from);
    const left = kept | (1 << from);
    const entered = kept | (1 << to);
    const others = (room.length - 1) & ~(left | entered);
    let change = 0;
    for (let more = others; ; more = (more - 1) & others) {
      const relieved = left | more;
      const before = room[relieved]!;
      const after = before + tokens;
      room[relieved] = after;
      if (before < 0) change += after < 0 ? -tokens : before;
      const loaded = entered | more;
      const had = room[loaded]!;
      const has = had - tokens;
      room[loaded] = has;
      if (has < 0) change += had < 0 ? tokens : -has;
      if (more === 0) break;
    }
    this.excess += change;
  }

  /** The least possible load of the busiest GPU over the mean, for the host sets now in place. */
  balance(): number {
    if (this.#tokens === 0) return 1;
    let worst = 0;
    for (let set = 1; set < this.#room.length; set++) {
      const inside = this.#allowed(set) - this.#room[set]!;
      worst = Math.max(worst, inside / this.#gpus[set]!);
    }
    return (worst * this.#gpus.at(-1)!) / this.#tokens;
  }

  /** Sets another limit; the host sets stay. */
  setLimit(limit: number): void {
    const inside = this.#room.map((room, set) => this.#allowed(set) - room);
    this.#limit = limit;
    this.excess = 0;
    for (let set = 0; set < inside.length; set++) {
      const room = this.#allowed(set) - inside[set]!;
      this.#room[set] = room;
      if (room < 0) this.excess -= room;
    }
  }

  #change(smallest: number, others: number, tokens: number): void {
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
    this.excess += change;
  }

  #allowed(set: number): number {
    // The whole cluster holds all tokens whatever the limit; a set of no GPUs may hold none.
    if (set === this.#gpus.length - 1) return this.#tokens;
    return Math.floor((this.#limit * this.#tokens * this.#gpus[set]!) / this.#gpus.at(-1)!);
  }
}
