/** The replicas of each expert as a ring: one may leave for another expert's at once, and all of one's can be gone through. */
export class ReplicaRings {
  /** Next and previous replica of the same expert, shape [replicas]. */
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  /** A replica to start from, -1 where there is none, shape [experts]. */
  readonly #any: Int32Array;

  constructor(experts: number, replicas: number) {
    this.#next = new Int32Array(replicas);
    this.#previous = new Int32Array(replicas);
    this.#any = new Int32Array(experts).fill(-1);
  }

  /** Some replica of an expert; `next` goes on from there and comes back to it. */
  first(expert: number): number {
    return this.#any[expert]!;
  }

  next(replica: number): number {
    return this.#next[replica]!;
  }

  /** Puts a replica that is in no ring into an expert's. */
  add(replica: number, expert: number): void {
    const at = this.#any[expert]!;
    const before = at < 0 ? replica : this.#previous[at]!;
    const after = at < 0 ? replica : at;
    this.#next[replica] = after;
    this.#previous[replica] = before;
    this.#next[before] = replica;
    this.#previous[after] = replica;
    this.#any[expert] = replica;
  }

  /** Takes a replica, not the only one, out of an expert's ring. */
  remove(replica: number, expert: number): void {
    const before = this.#previous[replica]!;
    const after = this.#next[replica]!;
    this.#next[before] = after;
    this.#previous[after] = before;
    if (this.#any[expert] === replica) this.#any[expert] = after;
  }
}
