/** The copies of one layer's experts in the slots of its ranks, changed slot by slot. */
import { type OptimalBalance, optimalBalance } from "../balance/optimalBalance.ts";
import { type ClusterNode, firstRanks, gpuOfSlot, totalGpus } from "../layout/cluster.ts";
import { FREE_SLOT, type LayerPlacement } from "../layout/placement.ts";
import type { Shares } from "../placement/policy.ts";

/** A slot by its rank and its number there. */
export interface Slot {
  readonly rank: number;
  readonly slot: number;
}

/** Copies, and what they make of the loads. */
export class LayerCopies {
  readonly layer: number;
  readonly experts: number;
  /** GPUs, dead ones among them, which have no slots. */
  readonly ranks: number;
  readonly nodes: number;
  /** Node of each rank. */
  readonly nodeOf: readonly number[];
  /** Expert in each slot, shape [ranks][slots of the rank]; FREE_SLOT where there is none. */
  readonly slots: readonly (readonly number[])[];
  /** How an expert's tokens are shared by its copies. */
  readonly shares: Shares;
  readonly #slots: number[][];
  readonly #loads: readonly number[];
  /** Copies of each expert on each rank and node, shape [experts][ranks] and [experts][nodes], and in all. */
  readonly #onRank: Int32Array;
  readonly #onNode: Int32Array;
  readonly #copies: Int32Array;
  readonly #hosts: Int32Array;
  /** Tokens of each rank, with even shares. */
  readonly #tokens: Float64Array;
  /** The best shares of the copies as they are, once asked for. */
  #best: OptimalBalance | undefined;

  /** @param loads tokens of each expert; those of experts without a copy count for nothing */
  constructor(
    cluster: readonly ClusterNode[],
    { layer, nodes }: LayerPlacement,
    loads: readonly number[],
    shares: Shares = "even",
  ) {
    this.shares = shares;
    const first = firstRanks(cluster);
    this.layer = layer;
    this.experts = loads.length;
    this.ranks = totalGpus(cluster);
    this.nodes = cluster.length;
    this.nodeOf = cluster.flatMap(({ gpus }, n) => new Array<number>(gpus).fill(n));
    this.#slots = Array.from({ length: this.ranks }, () => []);
    this.slots = this.#slots;
    this.#loads = loads;
    this.#onRank = new Int32Array(this.experts * this.ranks);
    this.#onNode = new Int32Array(this.experts * this.nodes);
    this.#copies = new Int32Array(this.experts);
    this.#hosts = new Int32Array(this.experts);
    this.#tokens = new Float64Array(this.ranks);
    nodes.forEach((held, n) => {
      held.forEach((expert, i) => {
        const rank = first[n]! + gpuOfSlot(cluster[n]!, i);
        this.#slots[rank]!.push(FREE_SLOT);
        this.put({ rank, slot: this.#slots[rank]!.length - 1 }, expert);
      });
    });
  }

  /** Copies of an expert, and distinct nodes that hold it. */
  copiesOf(expert: number): number {
    return this.#copies[expert]!;
  }
  hostsOf(expert: number): number {
    return this.#hosts[expert]!;
  }

  /** Whether a rank, or a node, holds an expert. */
  holds(rank: number, expert: number): boolean {
    return this.#onRank[expert * this.ranks + rank]! > 0;
  }
  onNode(node: number, expert: number): number {
    return this.#onNode[expert * this.nodes + node]!;
  }

  /** Tokens that each copy of an expert takes; Infinity for tokens without a copy. */
  loadPerCopy(expert: number): number {
    return this.#loads[expert] === 0 ? 0 : this.#loads[expert]! / this.#copies[expert]!;
  }

  /** Whether an expert may give up its copy on a rank: it keeps one, and so many nodes. */
  canSpare(rank: number, expert: number, minHosts: number): boolean {
    if (this.copiesOf(expert) < 2) return false;
    return this.onNode(this.nodeOf[rank]!, expert) > 1 || this.hostsOf(expert) > minHosts;
  }

  /** Whether a slot is free, or any expert can spare a copy. */
  canExpand(minHosts: number): boolean {
    return this.#slots.some((held, rank) => held.some((expert) => expert === FREE_SLOT || this.canSpare(rank, expert, minHosts)));
  }

  /** Tokens of each rank with even shares, shape [ranks]. */
  get tokens(): ArrayLike<number> {
    return this.#tokens;
  }

  /** Ranks that have slots, and the tokens of all experts with a copy. */
  get liveRanks(): number {
    return this.#slots.reduce((live, held) => live + Number(held.length > 0), 0);
  }
  get total(): number {
    return this.#loads.reduce((sum, load, expert) => (this.#copies[expert] === 0 ? sum : sum + load), 0);
  }

  /** Load of the busiest rank over the mean of those that have slots, under the shares; 1 without tokens. */
  get ratio(): number {
    if (this.shares === "free") return this.best.maxOverMean;
    let [most, total, live] = [0, 0, 0];
    for (let rank = 0; rank < this.ranks; rank++) {
      if (this.#slots[rank]!.length === 0) continue;
      live++;
      total += this.#tokens[rank]!;
      most = Math.max(most, this.#tokens[rank]!);
    }
    return total === 0 ? 1 : (most * live) / total;
  }

  /** The least possible load of the busiest rank when shares are free, and the ranks that force it. */
  get best(): OptimalBalance {
    this.#best ??= this.#bestShares();
    return this.#best;
  }

  /** Whether all ranks that hold an expert are among some. */
  isCaptive(expert: number, ranks: readonly boolean[]): boolean {
    if (this.copiesOf(expert) === 0) return false;
    for (let rank = 0; rank < this.ranks; rank++) if (this.holds(rank, expert) && ranks[rank] !== true) return false;
    return true;
  }

  /** Puts an expert, or FREE_SLOT, into a slot. @returns what was in it */
  put({ rank, slot }: Slot, expert: number): number {
    const held = this.#slots[rank]![slot]!;
    if (held === expert) return held;
    this.#slots[rank]![slot] = expert;
    if (held !== FREE_SLOT) this.#count(rank, held, -1);
    if (expert !== FREE_SLOT) this.#count(rank, expert, 1);
    return held;
  }

  /** Figures of the copies after some slots are filled otherwise, which they are not afterwards, to the bit. */
  tried<T>(changes: readonly { readonly at: Slot; readonly expert: number }[], figure: () => T): T {
    const before = this.#tokens.slice();
    const held = changes.map(({ at, expert }) => this.put(at, expert));
    const found = figure();
    for (let i = changes.length - 1; i >= 0; i--) this.put(changes[i]!.at, held[i]!);
    this.#tokens.set(before);
    return found;
  }

  /** Experts in each slot of each node. */
  byNode(): number[][] {
    const nodes: number[][] = Array.from({ length: this.nodes }, () => []);
    this.#slots.forEach((held, rank) => {
      nodes[this.nodeOf[rank]!]!.push(...held);
    });
    return nodes;
  }

  #bestShares(): OptimalBalance {
    const live = Array.from(this.#slots.keys()).filter((rank) => this.#slots[rank]!.length > 0);
    const hosts = this.#loads.map((_, expert) => Array.from(live.keys()).filter((at) => this.holds(live[at]!, expert)));
    const loads = this.#loads.map((load, expert) => (this.#copies[expert] === 0 ? 0 : load));
    const { maxOverMean, binding } = optimalBalance(
      hosts,
      loads,
      live.map(() => 1),
    );
    return { maxOverMean, binding: binding.map((at) => live[at]!) };
  }

  #count(rank: number, expert: number, by: 1 | -1): void {
    this.#best = undefined;
    this.#share(expert, -1);
    this.#copies[expert]! += by;
    this.#onRank[expert * this.ranks + rank]! += by;
    const at = expert * this.nodes + this.nodeOf[rank]!;
    const before = this.#onNode[at]!;
    this.#onNode[at] = before + by;
    if (before === 0 || before + by === 0) this.#hosts[expert]! += by;
    this.#share(expert, 1);
  }

  /** Gives each copy its share, or takes it back. */
  #share(expert: number, sign: 1 | -1): void {
    const copies = this.#copies[expert]!;
    if (copies === 0 || this.#loads[expert] === 0) return;
    const share = (sign * this.#loads[expert]!) / copies;
    const row = expert * this.ranks;
    for (let rank = 0; rank < this.ranks; rank++) {
      const count = this.#onRank[row + rank]!;
      if (count > 0) this.#tokens[rank]! += share * count;
    }
  }
}
