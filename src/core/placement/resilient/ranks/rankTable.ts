/** The state of the search among ranks: which expert is in every slot of one layer, how its tokens are shared, and what every rank computes. */
import { FREE_SLOT } from "../../../layout/placement.ts";
import { CopyTable } from "./copyTable.ts";
import type { RankSlots } from "./rankSlots.ts";

/** Who sets the shares of an expert's copies: the dispatcher as it likes, or nobody, so that they are even. */
export type Shares = "even" | "free";

/** Part of the mean that a rank's load must change by before the experts on it are shared out anew. */
const NOTICEABLE = 2e-4;

/** Slots, copies and loads of one layer. */
export class RankTable extends CopyTable {
  readonly loads: Float64Array;
  /** Tokens of each rank, shape [ranks]. */
  readonly rankLoad: Float64Array;
  /** Tokens of a rank on average. */
  readonly mean: number;
  /** Elementary steps spent so far. */
  spent = 0;
  readonly #shares: Shares;
  /** Tokens that the copy in each slot takes, shape [slots]. */
  readonly #taken: Float64Array;
  /** What was before the move that is tried, for the slots and ranks that it changed. */
  readonly #savedTaken: Float64Array;
  readonly #savedLoad: Float64Array;
  readonly #changedSlots: Int32Array;
  readonly #changedRanks: Int32Array;
  #slotsChanged = 0;
  #ranksChanged = 0;
  /** Move that changed each slot and rank last. */
  readonly #slotMove: Int32Array;
  readonly #rankMove: Int32Array;
  #move = 0;
  readonly #isQueued: Uint8Array;
  readonly #queue: number[] = [];
  readonly #before: Float64Array;

  constructor(slots: RankSlots, loads: readonly number[], shares: Shares) {
    super(slots, loads.length);
    this.loads = Float64Array.from(loads);
    this.rankLoad = new Float64Array(slots.nodeOfRank.length);
    this.mean = loads.reduce((sum, load) => sum + load, 0) / slots.nodeOfRank.length;
    this.#shares = shares;
    this.#taken = new Float64Array(this.expertAt.length);
    this.#before = this.#taken.slice();
    this.#savedTaken = this.#taken.slice();
    this.#savedLoad = this.rankLoad.slice();
    this.#slotMove = new Int32Array(this.#taken.length);
    this.#rankMove = new Int32Array(this.rankLoad.length);
    this.#changedSlots = this.#slotMove.slice();
    this.#changedRanks = this.#rankMove.slice();
    this.#isQueued = new Uint8Array(loads.length);
  }

  /** The same slots, copies and loads, to change apart from these. */
  copy(): RankTable {
    const copy = new RankTable(this.slots, Array.from(this.loads), this.#shares);
    copy.takeCopies(this);
    copy.#taken.set(this.#taken);
    copy.rankLoad.set(this.rankLoad);
    copy.spent = this.spent;
    return copy;
  }

  /** Whether all copies of an expert take the same. */
  get sharesAreEven(): boolean {
    return this.#shares === "even";
  }

  /** Most tokens of a rank. */
  get busiest(): number {
    let most = 0;
    for (let rank = 0; rank < this.rankLoad.length; rank++) if (this.rankLoad[rank]! > most) most = this.rankLoad[rank]!;
    return most;
  }

  /** Tokens that the copy in a slot takes. */
  takenAt(slot: number): number {
    return this.#taken[slot]!;
  }

  /** Takes an expert's tokens off its ranks, so that its copies may change. */
  lift(expert: number): void {
    const { rankOfSlot } = this.slots;
    const slots = this.copies[expert]!;
    for (let i = 0; i < slots.length; i++) this.#take(slots[i]!, rankOfSlot[slots[i]!]!, 0);
  }

  /** Shares a lifted expert's tokens out among its copies. */
  lay(expert: number): void {
    if (this.#shares === "free") {
      this.#fill(expert);
      return;
    }
    const slots = this.copies[expert]!;
    const { rankOfSlot } = this.slots;
    const each = this.loads[expert]! / slots.length;
    for (let i = 0; i < slots.length; i++) this.#take(slots[i]!, rankOfSlot[slots[i]!]!, each);
    this.spent += slots.length;
  }

  /** Begins a move that may be undone. */
  begin(): void {
    this.#move++;
    this.#slotsChanged = 0;
    this.#ranksChanged = 0;
  }

  /** Comes back to the loads before the move; copies must be back in their slots. */
  undo(): void {
    for (let i = 0; i < this.#slotsChanged; i++) {
      const slot = this.#changedSlots[i]!;
      this.#taken[slot] = this.#savedTaken[slot]!;
    }
    for (let i = 0; i < this.#ranksChanged; i++) {
      const rank = this.#changedRanks[i]!;
      this.rankLoad[rank] = this.#savedLoad[rank]!;
    }
  }

  /** By how much the move has changed the sum of a measure over all ranks. */
  change(measure: (load: number) => number): number {
    let sum = 0;
    for (let i = 0; i < this.#ranksChanged; i++) {
      const rank = this.#changedRanks[i]!;
      sum += measure(this.rankLoad[rank]!) - measure(this.#savedLoad[rank]!);
    }
    this.spent += this.#ranksChanged;
    return sum;
  }

  /**
   * Shares tokens out anew, beginning with some experts, until loads hardly change; with even shares there is nothing to do.
   * @param most experts to share out
   */
  settle(experts: readonly number[], most: number): void {
    if (this.#shares === "even") return;
    const queue = this.#queue;
    queue.length = 0;
    for (const expert of experts) this.#enqueue(expert);
    const { rankOfSlot, firstSlot } = this.slots;
    for (let next = 0; next < queue.length; next++) {
      const expert = queue[next]!;
      this.#isQueued[expert] = 0;
      if (next >= most) continue;
      const changed = this.#refill(expert);
      if (changed < NOTICEABLE * this.mean) continue;
      for (const own of this.copies[expert]!) {
        const rank = rankOfSlot[own]!;
        for (let slot = firstSlot[rank]!; slot < firstSlot[rank + 1]!; slot++) {
          const other = this.expertAt[slot]!;
          if (other !== FREE_SLOT && other !== expert) this.#enqueue(other);
        }
      }
    }
  }

  /** Shares all experts out in turns until nothing changes noticeably. */
  settleAll(mostSweeps: number): void {
    if (this.#shares === "even") return;
    for (let sweep = 0; sweep < mostSweeps; sweep++) {
      let changed = 0;
      for (let expert = 0; expert < this.copies.length; expert++) changed = Math.max(changed, this.#refill(expert));
      if (changed < NOTICEABLE * this.mean) return;
    }
  }

  /** A slot takes so many tokens from now on. */
  #take(slot: number, rank: number, tokens: number): void {
    const before = this.#taken[slot]!;
    if (this.#slotMove[slot] !== this.#move) {
      this.#slotMove[slot] = this.#move;
      this.#savedTaken[slot] = before;
      this.#changedSlots[this.#slotsChanged++] = slot;
    }
    if (this.#rankMove[rank] !== this.#move) {
      this.#rankMove[rank] = this.#move;
      this.#savedLoad[rank] = this.rankLoad[rank]!;
      this.#changedRanks[this.#ranksChanged++] = rank;
    }
    this.#taken[slot] = tokens;
    this.rankLoad[rank]! += tokens - before;
  }

  #enqueue(expert: number): void {
    if (this.#isQueued[expert] === 1 || this.copies[expert]!.length < 2) return;
    this.#isQueued[expert] = 1;
    this.#queue.push(expert);
  }

  /** Shares an expert out anew; returns by how much its largest change of a rank is. */
  #refill(expert: number): number {
    const slots = this.copies[expert]!;
    const { rankOfSlot } = this.slots;
    if (slots.length === 2) {
      const first = slots[0]!;
      const second = slots[1]!;
      const one = rankOfSlot[first]!;
      const two = rankOfSlot[second]!;
      const gap = (this.rankLoad[two]! - this.rankLoad[one]!) / 2;
      const moved = Math.max(-this.#taken[first]!, Math.min(this.#taken[second]!, gap));
      if (moved === 0) return 0;
      this.#take(first, one, this.#taken[first]! + moved);
      this.#take(second, two, this.#taken[second]! - moved);
      this.spent += 2;
      return Math.abs(moved);
    }
    const before = this.#before;
    for (const slot of slots) before[slot] = this.#taken[slot]!;
    this.lift(expert);
    this.#fill(expert);
    let most = 0;
    for (const slot of slots) most = Math.max(most, Math.abs(this.#taken[slot]! - before[slot]!));
    return most;
  }

  /** Pours a lifted expert's tokens onto its ranks, the least loaded first, up to one level. */
  #fill(expert: number): void {
    const slots = this.copies[expert]!;
    const { rankOfSlot } = this.slots;
    const load = this.rankLoad;
    // The order of last time is nearly that of now, so insertion is quick.
    for (let i = 1; i < slots.length; i++) {
      const slot = slots[i]!;
      const own = load[rankOfSlot[slot]!]!;
      let at = i;
      for (; at > 0 && load[rankOfSlot[slots[at - 1]!]!]! > own; at--) slots[at] = slots[at - 1]!;
      slots[at] = slot;
    }
    let sum = this.loads[expert]!;
    let level = 0;
    let count = 0;
    for (; count < slots.length; count++) {
      const own = load[rankOfSlot[slots[count]!]!]!;
      if (count > 0 && own >= level) break;
      sum += own;
      level = sum / (count + 1);
    }
    for (let i = 0; i < slots.length; i++) {
      const slot = slots[i]!;
      const rank = rankOfSlot[slot]!;
      if (i < count) this.#take(slot, rank, level - load[rank]!);
    }
    this.spent += 2 * slots.length;
  }
}
