/** Arrivals tried out: counted in the table of host sets, and taken back where they are not worth it. */
import { FREE_SLOT } from "../../layout/placement.ts";
import type { RankSlots } from "../../placement/resilient/ranks/rankSlots.ts";
import type { HostSetTable } from "./hostSetTable.ts";
import type { RepairedLayer } from "./repairedLayer.ts";

/** An expert that takes a slot. */
export interface Arrival {
  readonly layer: number;
  readonly expert: number;
  readonly slot: number;
}

/** What to repair. */
export interface HostProblem {
  readonly layers: readonly RepairedLayer[];
  readonly slots: RankSlots;
  readonly unitOfNode: readonly number[];
  readonly sets: HostSetTable;
  /** Loss that is good enough: below it, experts come only where there is a free slot. */
  readonly enough: number;
  /** Most arrivals. */
  readonly budget: number;
  /** Loss that no arrival may exceed, not even until others follow. */
  readonly ceiling?: number | undefined;
  /** Whether experts may be left with so few hosts; by default the loss decides. */
  readonly mayLeave?: ((set: number) => boolean) | undefined;
  readonly watch?: (() => void) | undefined;
}

/** Trials that touched slots and experts of all layers last. */
export class Marks {
  readonly slots: number;
  readonly experts: number;
  readonly slot: Int32Array;
  readonly expert: Int32Array;
  /** Units that are left of experts that a trial took copies from, where it is the one that marked them. */
  readonly victim: Int32Array;
  readonly left: Int32Array;
  trials = 0;

  constructor(layers: readonly RepairedLayer[]) {
    this.slots = Math.max(...layers.map(({ table }) => table.expertAt.length));
    this.experts = Math.max(...layers.map(({ setOf }) => setOf.length));
    this.slot = new Int32Array(layers.length * this.slots);
    this.expert = new Int32Array(layers.length * this.experts);
    this.victim = this.expert.slice();
    this.left = this.expert.slice();
  }
}

/** What a run of trials shares. */
export interface Search extends HostProblem {
  readonly marks: Marks;
  readonly visits: { left: number };
  /** Set that no expert is to be left with. */
  rid: number;
}

/** An expert of a set. */
export interface Member {
  readonly layer: number;
  readonly expert: number;
}

/** Arrivals that are counted in the table of sets, but not made. */
export class Trial {
  readonly arrivals: Arrival[] = [];
  readonly #problem: Search;
  /** Its number, and that of the trial that it goes on from: slots and experts that these marked are not to be touched again. */
  readonly #number: number;
  readonly #before: number;
  readonly #changes: number[] = [];
  /** Marks of victims as they were: place, trial, units. */
  readonly #victims: number[] = [];

  constructor(problem: Search, other?: Trial) {
    this.#problem = problem;
    this.#number = ++problem.marks.trials;
    this.#before = other === undefined ? this.#number : other.#number;
  }

  /**
   * Places experts on a node.
   * @param rules only where nothing else is worse off so, or as long as the loss is below a ceiling
   * @returns those that are not placed
   */
  place(
    members: readonly Member[],
    node: number,
    {
      harmless = false,
      isFree = false,
      ceiling = Infinity,
    }: { readonly harmless?: boolean; readonly isFree?: boolean; readonly ceiling?: number },
  ): Member[] {
    const { sets, layers, unitOfNode, marks } = this.#problem;
    const unit = unitOfNode[node]!;
    return members.filter(({ layer, expert }) => {
      if (sets.lost > ceiling) return true;
      const state = layers[layer]!;
      const slot = this.#slotFor(state, layer, node, harmless, isFree);
      if (slot < 0) return true;
      const victim = state.table.expertAt[slot]!;
      if (victim !== FREE_SLOT) {
        const at = layer * marks.experts + victim;
        const own = this.#setOf(state, layer, victim);
        const after = this.#setWithout(state, layer, victim, node);
        this.#victims.push(at, marks.victim[at]!, marks.left[at]!);
        marks.victim[at] = this.#number;
        marks.left[at] = after;
        this.#change(own, after);
      }
      const set = this.#setOf(state, layer, expert);
      this.#change(set, sets.toggled(set, unit));
      marks.slot[layer * marks.slots + slot] = this.#number;
      marks.expert[layer * marks.experts + expert] = this.#number;
      this.arrivals.push({ layer, expert, slot });
      return false;
    });
  }

  undo(): void {
    const { sets } = this.#problem;
    while (this.#changes.length > 0) {
      const after = this.#changes.pop()!;
      sets.use(this.#changes.pop()!);
      sets.leave(after);
    }
    const { marks } = this.#problem;
    while (this.#victims.length > 0) {
      const left = this.#victims.pop()!;
      const trial = this.#victims.pop()!;
      const at = this.#victims.pop()!;
      marks.left[at] = left;
      marks.victim[at] = trial;
    }
  }

  /** The units that an expert has left. */
  #setOf(state: RepairedLayer, layer: number, expert: number): number {
    const { marks } = this.#problem;
    const at = layer * marks.experts + expert;
    return this.#isMine(marks.victim[at]!) ? marks.left[at]! : state.setOf[expert]!;
  }

  /** The same without a copy on a node. */
  #setWithout(state: RepairedLayer, layer: number, expert: number, node: number): number {
    const { sets, unitOfNode } = this.#problem;
    const set = this.#setOf(state, layer, expert);
    return state.isOnlyIn(unitOfNode[node]!, expert) ? sets.toggled(set, unitOfNode[node]!) : set;
  }

  #change(before: number, after: number): void {
    if (before === after) return;
    this.#problem.sets.use(after);
    this.#problem.sets.leave(before);
    this.#changes.push(before, after);
  }

  /** The slot of a node whose expert is missed least; -1 when there is none. */
  #slotFor(state: RepairedLayer, layer: number, node: number, harmless: boolean, isFree: boolean): number {
    const { slots, sets, mayLeave, marks, visits, unitOfNode } = this.#problem;
    const unit = unitOfNode[node]!;
    const { firstSlot, firstRank } = slots;
    const { expertAt } = state.table;
    let best = -1;
    let least = Infinity;
    let lightest = Infinity;
    for (let slot = firstSlot[firstRank[node]!]!; slot < firstSlot[firstRank[node + 1]!]!; slot++) {
      visits.left--;
      if (this.#isMine(marks.slot[layer * marks.slots + slot]!)) continue;
      const victim = expertAt[slot]!;
      if (victim === FREE_SLOT) return slot;
      if (isFree || this.#isMine(marks.expert[layer * marks.experts + victim]!)) continue;
      // Copies in one unit are not counted down.
      if (!state.isOnlyIn(unit, victim) && this.#isMine(marks.victim[layer * marks.experts + victim]!)) continue;
      const after = this.#setWithout(state, layer, victim, node);
      const isCovered = state.copiesOn(node, victim) > 1 || sets.covers(after);
      if (after === this.#problem.rid || (mayLeave !== undefined && !mayLeave(after))) continue;
      if (harmless && mayLeave === undefined && !isCovered) continue;
      const harm = isCovered ? 0 : sets.weight(after);
      const tokens = state.tokensEach(victim);
      if (harm > least || (harm === least && tokens >= lightest)) continue;
      best = slot;
      least = harm;
      lightest = tokens;
    }
    return best;
  }

  #isMine(mark: number): boolean {
    return mark === this.#number || mark === this.#before;
  }
}
