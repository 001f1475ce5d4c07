/** Replicas on ranks whose shares the dispatcher decides: the state that the search for free balance changes move by move. */

/** What is on which rank at the start. */
interface FreePackingStart {
  /** Load of each expert, shape [experts]. */
  readonly loads: readonly number[];
  /** Experts on each rank, shape [ranks][replicas]. */
  readonly held: readonly (readonly number[])[];
  /** Node of each rank, shape [ranks]. */
  readonly nodes: readonly number[];
  /** Distinct nodes that every expert keeps; the start has them. */
  readonly minHosts: number;
}

/** Rounds of levelling after a move: shares of the experts that share a rank with those that moved follow. */
const ROUNDS = 1;

/**
 * Replicas on ranks with the shares that level them. Levelling pours one expert's load over its hosts, lowest first, as long as the
 * others stay; repeated, this ends at shares that are best for every sum of a convex function of the ranks' loads, the busiest
 * rank included. A move levels the experts around it only, so its cost is judged a little too high, never too low.
 */
export class FreePacking {
  /** Expert and rank of each replica, shape [replicas]. */
  readonly experts: Int32Array;
  readonly ranks: Int32Array;
  /** Load of each rank, shape [ranks]. */
  readonly rankLoads: Float64Array;
  /** First replica of each rank, shape [ranks + 1]. */
  readonly first: Int32Array;
  readonly #loads: readonly number[];
  readonly #nodes: readonly number[];
  readonly #minHosts: number;
  readonly #mean: number;
  /** What each replica takes, shape [replicas]. */
  readonly #taken: Float64Array;
  /** Replicas of each expert, shape [experts][replicas of the expert]. */
  readonly #copies: number[][];
  /** Changes since the last `settle`, to take back: replicas and what they took. */
  #changed: number[] = [];
  #before: number[] = [];
  /** Change of `unevenness` since the last `settle`. */
  #gain = 0;

  constructor({ loads, held, nodes, minHosts }: FreePackingStart) {
    this.#loads = loads;
    this.#nodes = nodes;
    this.#minHosts = minHosts;
    this.experts = Int32Array.from(held.flat());
    this.ranks = Int32Array.from(held.flatMap((experts, rank) => experts.map(() => rank)));
    this.first = new Int32Array(held.length + 1);
    held.forEach((experts, rank) => {
      this.first[rank + 1] = this.first[rank]! + experts.length;
    });
    this.rankLoads = new Float64Array(held.length);
    this.#mean = loads.reduce((sum, load) => sum + load, 0) / held.length;
    this.#taken = new Float64Array(this.experts.length);
    this.#copies = loads.map(() => []);
    this.experts.forEach((expert, replica) => {
      this.#copies[expert]!.push(replica);
    });
    this.#copies.forEach((copies, expert) => {
      for (const replica of copies) this.#take(replica, loads[expert]! / copies.length);
    });
    for (let round = 0; round < 30; round++) for (let expert = 0; expert < loads.length; expert++) this.#level(expert);
    this.settle();
  }

  /** Load of the busiest rank. */
  busiest(): number {
    return this.rankLoads.reduce((most, load) => Math.max(most, load), 0);
  }

  /** Experts on each rank, shape [ranks][replicas]. */
  held(): number[][] {
    return Array.from(this.rankLoads, (_, rank) => [...this.experts.subarray(this.first[rank], this.first[rank + 1])]);
  }

  /**
   * Swaps the experts of two replicas and returns the change of unevenness; Infinity, and nothing is done, where an expert would
   * be twice on a rank or lose a host it needs. `settle` or `takeBack` must follow.
   */
  swap(a: number, b: number): number {
    const [ofA, ofB] = [this.experts[a]!, this.experts[b]!];
    if (ofA === ofB || this.ranks[a] === this.ranks[b] || !this.#mayMove(a, b) || !this.#mayMove(b, a)) return Infinity;
    const [takenA, takenB] = [this.#taken[a]!, this.#taken[b]!];
    this.#setExpert(a, ofB);
    this.#setExpert(b, ofA);
    this.#take(a, takenB);
    this.#take(b, takenA);
    this.#levelAround(a, b);
    return this.#gain;
  }

  /** Makes a replica one of another expert; as `swap` otherwise. */
  recount(replica: number, expert: number): number {
    const own = this.experts[replica]!;
    if (own === expert || this.#copies[own]!.length === 1 || this.#holds(this.ranks[replica]!, expert)) return Infinity;
    if (this.#hosts(own, replica, -1) < this.#minHosts) return Infinity;
    const taken = this.#taken[replica]!;
    this.#setExpert(replica, expert);
    this.#take(replica, 0);
    const rest = this.#copies[own]![0]!;
    this.#take(rest, this.#taken[rest]! + taken);
    this.#level(own);
    this.#levelAround(replica, rest);
    return this.#gain;
  }

  /** Lets the last move stand. */
  settle(): void {
    this.#changed.length = 0;
    this.#before.length = 0;
    this.#gain = 0;
  }

  /** Takes the last swap back. */
  takeBackSwap(a: number, b: number): void {
    const [ofA, ofB] = [this.experts[a]!, this.experts[b]!];
    this.#restore();
    this.#setExpert(a, ofB);
    this.#setExpert(b, ofA);
  }

  /** Takes the last recount back. */
  takeBackRecount(replica: number, own: number): void {
    this.#restore();
    this.#setExpert(replica, own);
  }

  #restore(): void {
    for (let i = this.#changed.length - 1; i >= 0; i--) {
      const replica = this.#changed[i]!;
      this.rankLoads[this.ranks[replica]!]! += this.#before[i]! - this.#taken[replica]!;
      this.#taken[replica] = this.#before[i]!;
    }
    this.settle();
  }

  /** Levels the experts on the ranks of two replicas, theirs first. */
  #levelAround(a: number, b: number): void {
    for (let round = 0; round < ROUNDS; round++) {
      this.#level(this.experts[a]!);
      this.#level(this.experts[b]!);
      for (const rank of [this.ranks[a]!, this.ranks[b]!]) {
        for (let replica = this.first[rank]!; replica < this.first[rank + 1]!; replica++) this.#level(this.experts[replica]!);
      }
    }
  }

  /** Pours an expert's load over its hosts, lowest first. */
  #level(expert: number): void {
    const copies = this.#copies[expert]!;
    if (copies.length < 2) return;
    const others = (replica: number) => this.rankLoads[this.ranks[replica]!]! - this.#taken[replica]!;
    // Nearly sorted already: insertion is quickest.
    for (let i = 1; i < copies.length; i++) {
      const replica = copies[i]!;
      const load = others(replica);
      let at = i;
      for (; at > 0 && others(copies[at - 1]!) > load; at--) copies[at] = copies[at - 1]!;
      copies[at] = replica;
    }
    let below = this.#loads[expert]!;
    let level = 0;
    for (let i = 0; i < copies.length; i++) {
      below += others(copies[i]!);
      level = below / (i + 1);
      if (i + 1 === copies.length || others(copies[i + 1]!) >= level) break;
    }
    for (let i = 0; i < copies.length; i++) {
      const taken = Math.max(0, level - others(copies[i]!));
      if (taken !== this.#taken[copies[i]!]) this.#take(copies[i]!, taken);
    }
  }

  #take(replica: number, taken: number): void {
    const rank = this.ranks[replica]!;
    const was = this.rankLoads[rank]!;
    const is = was + taken - this.#taken[replica]!;
    this.#changed.push(replica);
    this.#before.push(this.#taken[replica]!);
    this.#taken[replica] = taken;
    this.rankLoads[rank] = is;
    this.#gain += steep(is / this.#mean) - steep(was / this.#mean);
  }

  #setExpert(replica: number, expert: number): void {
    const own = this.#copies[this.experts[replica]!]!;
    own.splice(own.indexOf(replica), 1);
    this.#copies[expert]!.push(replica);
    this.experts[replica] = expert;
  }

  #holds(rank: number, expert: number): boolean {
    for (let replica = this.first[rank]!; replica < this.first[rank + 1]!; replica++)
      if (this.experts[replica] === expert) return true;
    return false;
  }

  /** Whether the expert of a replica may move to the place of another. */
  #mayMove(replica: number, to: number): boolean {
    const expert = this.experts[replica]!;
    if (this.#holds(this.ranks[to]!, expert)) return false;
    return this.#minHosts < 2 || this.#hosts(expert, replica, this.#nodes[this.ranks[to]!]!) >= this.#minHosts;
  }

  /** Distinct nodes of an expert without a replica, and with one more node unless that is negative. */
  #hosts(expert: number, without: number, withNode: number): number {
    const nodes = new Set<number>();
    if (withNode >= 0) nodes.add(withNode);
    for (const replica of this.#copies[expert]!) if (replica !== without) nodes.add(this.#nodes[this.ranks[replica]!]!);
    return nodes.size;
  }
}

/** What a rank's load, over the mean, counts: the eighth power, which is about the busiest ranks and still sees the others. */
function steep(load: number): number {
  const fourth = load * load * load * load;
  return fourth * fourth;
}
