/** Replicas in bins under even split: the state that the search for balance changes move by move. */
import { ReplicaRings } from "./replicaRings.ts";

/** What is packed where at the start. */
export interface PackingStart {
  /** Load of each expert, shape [experts]. */
  readonly loads: readonly number[];
  /** Experts in each bin, every expert in some, none twice in a bin, shape [bins][replicas]. */
  readonly held: readonly (readonly number[])[];
  /** GPUs of each bin, shape [bins]: the bin's load is divided by them. */
  readonly gpus: readonly number[];
  /** Node of each bin, shape [bins]. */
  readonly nodes: readonly number[];
  /** Distinct nodes that every expert keeps; the start has them. */
  readonly minHosts: number;
}

/**
 * Replicas in bins (a bin: one GPU, or several that share their load). Every replica of an expert takes an equal share of its
 * load. A cost is the change of `imbalance` that a move makes.
 */
export class ReplicaPacking {
  /** Expert of each replica, shape [replicas]. */
  readonly experts: Int32Array;
  /** Bin of each replica, shape [replicas]. */
  readonly bins: Int32Array;
  /** Load of each bin, shape [bins]; sums of many moves, so good to rounding only. */
  readonly binLoads: Float64Array;
  readonly gpus: Float64Array;
  readonly #loads: Float64Array;
  readonly #nodes: Int32Array;
  readonly #minHosts: number;
  /** Copies of each expert, and what one copy takes, shape [experts]. */
  readonly #copies: Int32Array;
  readonly #shares: Float64Array;
  /** Copies of each expert on each node, shape [experts * node count], and the nodes that have any, shape [experts]. */
  readonly #held: Int32Array;
  readonly #hosts: Int32Array;
  /** Whether a bin holds an expert, shape [experts * bins]: no bin holds one twice. */
  readonly #inBin: Uint8Array;
  readonly #nodeCount: number;
  readonly #rings: ReplicaRings;
  /** Load that a recount adds to each bin, shape [bins], and the bins it touches. */
  readonly #added: Float64Array;
  readonly #touched: Int32Array;
  readonly #touchedIn: Int32Array;
  #touchedCount = 0;
  #recount = 0;

  constructor(start: PackingStart) {
    const experts = start.loads.length;
    const bins = start.gpus.length;
    this.experts = Int32Array.from(start.held.flat());
    this.bins = Int32Array.from(start.held.flatMap((held, bin) => held.map(() => bin)));
    const replicas = this.experts.length;
    this.gpus = Float64Array.from(start.gpus);
    this.binLoads = new Float64Array(bins);
    this.#loads = Float64Array.from(start.loads);
    this.#nodes = Int32Array.from(start.nodes);
    this.#minHosts = start.minHosts;
    this.#nodeCount = start.nodes.reduce((most, node) => Math.max(most, node + 1), 0);
    this.#copies = new Int32Array(experts);
    this.#shares = new Float64Array(experts);
    this.#held = new Int32Array(experts * this.#nodeCount);
    this.#hosts = new Int32Array(experts);
    this.#inBin = new Uint8Array(experts * bins);
    this.#rings = new ReplicaRings(experts, replicas);
    this.#added = new Float64Array(bins);
    this.#touched = new Int32Array(bins);
    this.#touchedIn = new Int32Array(bins).fill(-1);
    for (let replica = 0; replica < replicas; replica++) {
      const expert = this.experts[replica]!;
      this.#rings.add(replica, expert);
      this.#host(expert, this.bins[replica]!);
      this.#copies[expert]!++;
    }
    for (let expert = 0; expert < experts; expert++) this.#shares[expert] = this.#loads[expert]! / this.#copies[expert]!;
    for (let replica = 0; replica < replicas; replica++) {
      this.binLoads[this.bins[replica]!]! += this.#shares[this.experts[replica]!]!;
    }
  }

  /** Number of experts. */
  get expertCount(): number {
    return this.#copies.length;
  }

  /** Squared distance of the bins from the mean load per GPU, summed over the GPUs: what costs are changes of. */
  imbalance(): number {
    const gpus = this.gpus.reduce((sum, count) => sum + count, 0);
    const mean = this.binLoads.reduce((sum, load) => sum + load, 0) / gpus;
    return this.binLoads.reduce((sum, load, bin) => sum + this.gpus[bin]! * (load / this.gpus[bin]! - mean) ** 2, 0);
  }

  /** Load per GPU of the busiest bin. */
  busiest(): number {
    return this.binLoads.reduce((most, load, bin) => Math.max(most, load / this.gpus[bin]!), 0);
  }

  /** Experts in each bin, shape [bins][replicas]. */
  held(): number[][] {
    const held: number[][] = Array.from(this.gpus, () => []);
    this.experts.forEach((expert, replica) => {
      held[this.bins[replica]!]!.push(expert);
    });
    return held;
  }

  /** Load of a replica. */
  share(replica: number): number {
    return this.#shares[this.experts[replica]!]!;
  }

  /** Cost of swapping the bins of two replicas; Infinity where an expert would lose a host it needs, or be twice in a bin. */
  swapCost(a: number, b: number): number {
    const from = this.bins[a]!;
    const to = this.bins[b]!;
    if (from === to) return 0;
    if (this.#isIn(this.experts[a]!, to) || this.#isIn(this.experts[b]!, from)) return Infinity;
    if (this.#minHosts > 1 && !(this.#mayMove(a, to) && this.#mayMove(b, from))) return Infinity;
    const moved = this.share(a) - this.share(b);
    return (
      (moved * (moved - 2 * this.binLoads[from]!)) / this.gpus[from]! +
      (moved * (moved + 2 * this.binLoads[to]!)) / this.gpus[to]!
    );
  }

  /** Swaps the bins of two replicas. */
  swap(a: number, b: number): void {
    const from = this.bins[a]!;
    const to = this.bins[b]!;
    const moved = this.share(a) - this.share(b);
    this.binLoads[from]! -= moved;
    this.binLoads[to]! += moved;
    this.bins[a] = to;
    this.bins[b] = from;
    this.#unhost(this.experts[a]!, from);
    this.#host(this.experts[a]!, to);
    this.#unhost(this.experts[b]!, to);
    this.#host(this.experts[b]!, from);
  }

  /** Cost of making a replica one of another expert; Infinity where its own expert would lose a host it needs, or the other be twice in the bin. */
  recountCost(replica: number, expert: number): number {
    const own = this.experts[replica]!;
    if (this.#isIn(expert, this.bins[replica]!) || this.#copies[own] === 1 || !this.#mayLeave(replica)) return Infinity;
    this.#findAdded(replica, expert);
    let cost = 0;
    for (let i = 0; i < this.#touchedCount; i++) {
      const bin = this.#touched[i]!;
      const added = this.#added[bin]!;
      cost += (added * (added + 2 * this.binLoads[bin]!)) / this.gpus[bin]!;
    }
    return cost;
  }

  /** Makes a replica one of another expert. */
  recount(replica: number, expert: number): void {
    const own = this.experts[replica]!;
    this.#findAdded(replica, expert);
    for (let i = 0; i < this.#touchedCount; i++) {
      const bin = this.#touched[i]!;
      this.binLoads[bin]! += this.#added[bin]!;
    }
    this.#rings.remove(replica, own);
    this.#unhost(own, this.bins[replica]!);
    this.#shares[own] = this.#loads[own]! / --this.#copies[own]!;
    this.#rings.add(replica, expert);
    this.#host(expert, this.bins[replica]!);
    this.#shares[expert] = this.#loads[expert]! / ++this.#copies[expert]!;
    this.experts[replica] = expert;
  }

  #findAdded(replica: number, expert: number): void {
    const own = this.experts[replica]!;
    const bin = this.bins[replica]!;
    const ownShare = this.#loads[own]! / (this.#copies[own]! - 1);
    const share = this.#loads[expert]! / (this.#copies[expert]! + 1);
    this.#touchedCount = 0;
    this.#recount++;
    this.#addToHosts(own, ownShare - this.#shares[own]!);
    this.#addToHosts(expert, share - this.#shares[expert]!);
    this.#add(bin, share - ownShare);
  }

  #addToHosts(expert: number, load: number): void {
    const start = this.#rings.first(expert);
    let replica = start;
    do {
      this.#add(this.bins[replica]!, load);
      replica = this.#rings.next(replica);
    } while (replica !== start);
  }

  #add(bin: number, load: number): void {
    if (this.#touchedIn[bin] !== this.#recount) {
      this.#touchedIn[bin] = this.#recount;
      this.#touched[this.#touchedCount++] = bin;
      this.#added[bin] = 0;
    }
    this.#added[bin]! += load;
  }

  /** Whether a replica may go to another bin and leave its expert enough hosts. */
  #mayMove(replica: number, to: number): boolean {
    const node = this.#nodes[to]!;
    if (node === this.#nodes[this.bins[replica]!] || this.#mayLeave(replica)) return true;
    return this.#held[this.experts[replica]! * this.#nodeCount + node] === 0;
  }

  /** Whether an expert keeps enough hosts without this replica. */
  #mayLeave(replica: number): boolean {
    const expert = this.experts[replica]!;
    const lastOnNode = this.#held[expert * this.#nodeCount + this.#nodes[this.bins[replica]!]!] === 1;
    return this.#hosts[expert]! - (lastOnNode ? 1 : 0) >= this.#minHosts;
  }

  #isIn(expert: number, bin: number): boolean {
    return this.#inBin[expert * this.gpus.length + bin] === 1;
  }

  #host(expert: number, bin: number): void {
    const place = expert * this.#nodeCount + this.#nodes[bin]!;
    if (this.#held[place]!++ === 0) this.#hosts[expert]!++;
    this.#inBin[expert * this.gpus.length + bin] = 1;
  }

  #unhost(expert: number, bin: number): void {
    const place = expert * this.#nodeCount + this.#nodes[bin]!;
    if (--this.#held[place]! === 0) this.#hosts[expert]!--;
    this.#inBin[expert * this.gpus.length + bin] = 0;
  }
}
