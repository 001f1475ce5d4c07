/** Which expert is in every slot of one layer, and which of its copies host sets need. */
import { FREE_SLOT } from "../../../layout/placement.ts";
import type { RankSlots } from "./rankSlots.ts";

/** Slots and copies of one layer. */
export class CopyTable {
  readonly slots: RankSlots;
  /** Expert in each slot, or FREE_SLOT, shape [slots]. */
  readonly expertAt: Int32Array;
  /** Slots of each expert's copies, shape [experts][copies]. */
  readonly copies: number[][];
  /** Slots that host sets do not need, so that any expert may have a further copy there, or none. */
  readonly further: number[];
  /** Place of each slot in `further`, or -1, shape [slots]. */
  readonly #furtherAt: Int32Array;

  constructor(slots: RankSlots, experts: number) {
    this.slots = slots;
    this.expertAt = new Int32Array(slots.rankOfSlot.length).fill(FREE_SLOT);
    this.copies = Array.from({ length: experts }, () => []);
    this.further = Array.from(this.expertAt.keys());
    this.#furtherAt = Int32Array.from(this.further);
  }

  /** Takes over what another table of the same slots and experts holds. */
  takeCopies(other: CopyTable): void {
    this.expertAt.set(other.expertAt);
    other.copies.forEach((slots, expert) => {
      this.copies[expert] = [...slots];
    });
    this.further.splice(0, this.further.length, ...other.further);
    this.#furtherAt.set(other.#furtherAt);
  }

  /** Whether a rank holds a copy of an expert. */
  holds(rank: number, expert: number): boolean {
    for (let slot = this.slots.firstSlot[rank]!; slot < this.slots.firstSlot[rank + 1]!; slot++) {
      if (this.expertAt[slot] === expert) return true;
    }
    return false;
  }

  /** Whether a host set does without the copy in a slot. */
  isFurther(slot: number): boolean {
    return this.#furtherAt[slot]! >= 0;
  }

  /** The host set of the expert in a slot needs it from now on. */
  settleHost(slot: number): void {
    const at = this.#furtherAt[slot]!;
    const last = this.further.pop()!;
    this.#furtherAt[slot] = -1;
    if (last === slot) return;
    this.further[at] = last;
    this.#furtherAt[last] = at;
  }

  /** Two slots, whose experts are exchanged, exchange also whether they are needed. */
  exchangeNeed(first: number, second: number): void {
    const [one, two] = [this.#furtherAt[first]!, this.#furtherAt[second]!];
    this.#furtherAt[first] = two;
    this.#furtherAt[second] = one;
    if (two >= 0) this.further[two] = first;
    if (one >= 0) this.further[one] = second;
  }

  /** Lets an expert take a slot. */
  put(expert: number, slot: number): void {
    this.expertAt[slot] = expert;
    this.copies[expert]!.push(slot);
  }

  /** Frees a slot of an expert. */
  remove(expert: number, slot: number): void {
    this.expertAt[slot] = FREE_SLOT;
    const slots = this.copies[expert]!;
    slots[slots.indexOf(slot)] = slots.at(-1)!;
    slots.pop();
  }
}
