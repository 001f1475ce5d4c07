/** Experts that lost hosts get others, all experts with the same hosts together: only when none of them is left on a set is the set gone. */
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

/** Parts of the loss that moving all replicas has to gain in proportion, and that any change has to. */
const GAIN_OF_ALL = 0.1;
const LEAST_GAIN = 1e-6;
/** Slots looked at before no more is tried: some tenths of a second. */
const MOST_VISITS = 3e6;
/** Part of a set's weight at which the harm done for it ends a trial. */
const NOT_WORTH = 0.95;
/** Nodes over which experts of one set are spread at most. */
const MOST_SPREAD = 12;

/** Trials that touched slots and experts of all layers last. */
class Marks {
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
interface Search extends HostProblem {
  readonly marks: Marks;
  readonly visits: { left: number };
  /** Set that no expert is to be left with. */
  rid: number;
}

/** An expert of a set. */
interface Member {
  readonly layer: number;
  readonly expert: number;
}

/**
 * Gives hosts to the experts of the smallest sets as long as less is lost so. All experts of a set go to one node, where what was there
 * makes room; or each to a node that can spare a slot. Greedy.
 * @returns what arrived, in order
 */
export function addHosts(problem: HostProblem): Arrival[] {
  const { sets, layers } = problem;
  const arrivals: Arrival[] = [];
  const search: Search = { ...problem, marks: new Marks(layers), visits: { left: MOST_VISITS }, rid: -1 };
  const stuck = new Set<number>();
  while (search.visits.left > 0) {
    problem.watch?.();
    if (sets.lost <= problem.enough && !hasRoom(problem)) break;
    const set = sets.minimal().find((minimal) => !stuck.has(minimal));
    if (set === undefined) break;
    const found = bestArrivals(search, set, problem.budget - arrivals.length);
    if (found === undefined) {
      stuck.add(set);
      continue;
    }
    for (const { layer, expert, slot } of found) layers[layer]!.replace(slot, expert);
    arrivals.push(...found);
  }
  return arrivals;
}

/** The arrivals that rid the layers of a set at most gain; undefined when nothing is gained. */
function bestArrivals(search: Search, set: number, most: number): Arrival[] | undefined {
  const { sets, unitOfNode } = search;
  search.rid = set;
  const before = sets.lost;
  const worth = (GAIN_OF_ALL * before) / (search.layers.length * search.slots.rankOfSlot.length);
  const members = membersOf(search, [set]);
  // Experts that more nodes hold are in danger next, when the set is gone.
  const others = sets.dependants(set).flatMap((ward) => {
    const experts = membersOf(search, [ward]);
    return sets.weight(ward) > worth * experts.length ? experts : [];
  });
  let best: { arrivals: Arrival[]; gain: number } | undefined;
  const consider = (trial: Trial) => {
    const gain = before - sets.lost - worth * trial.arrivals.length;
    trial.undo();
    if (trial.arrivals.length > most) return;
    if (gain > Math.max(LEAST_GAIN * before, best?.gain ?? 0)) best = { arrivals: trial.arrivals, gain };
  };
  const nodes = [...unitOfNode.keys()].filter((node) => !sets.has(set, unitOfNode[node]!));
  if (nodes.length === 0) return undefined;
  const isFree = before <= search.enough;
  if (search.mayLeave === undefined || isFree) {
    const ceiling = Math.min(before + NOT_WORTH * sets.weight(set), search.ceiling ?? Infinity);
    for (const node of nodes) {
      const trial = new Trial(search);
      if (trial.place(members, node, { ceiling, isFree }).length === 0) {
        trial.place(others, node, { isFree });
        if (sets.lost <= ceiling) consider(trial);
        else trial.undo();
      } else trial.undo();
    }
  }
  // Spreading takes slots that evenness needs, so only the smallest sets are worth it.
  if (isFree || sets.members(set).length > sets.members(sets.minimal()[0]!).length) return best?.arrivals;
  const spread = spreadOut(search, members, nodes);
  if (spread !== undefined) consider(spread);
  return best?.arrivals;
}

/** Experts with one of these sets. */
function membersOf({ layers }: HostProblem, wanted: readonly number[]): Member[] {
  return layers.flatMap(({ setOf }, layer) => {
    const found: Member[] = [];
    for (let expert = 0; expert < setOf.length; expert++) {
      if (wanted.includes(setOf[expert]!)) found.push({ layer, expert });
    }
    return found;
  });
}

/** Places all experts of a set where nothing else is worse off, on few nodes; undefined when there is no room. */
function spreadOut(search: Search, members: readonly Member[], nodes: readonly number[]): Trial | undefined {
  const spread = new Trial(search);
  let rest = members;
  const count = (node: number) => {
    const trial = new Trial(search, spread);
    const placed = rest.length - trial.place(rest, node, { harmless: true }).length;
    trial.undo();
    return placed;
  };
  // What a node can take only becomes less, so that counts are bounds until they are counted anew.
  const most = new Map(nodes.map((node) => [node, count(node)]));
  for (let turn = 0; rest.length > 0 && most.size > 0 && turn < MOST_SPREAD; turn++) {
    const [node] = [...most].reduce((one, other) => (other[1] > one[1] ? other : one));
    const placed = count(node);
    const isStill = [...most].every(([other, bound]) => other === node || bound <= placed);
    most.set(node, placed);
    if (!isStill) {
      turn--;
      continue;
    }
    if (placed === 0) break;
    rest = spread.place(rest, node, { harmless: true });
    most.set(node, 0);
  }
  if (rest.length === 0) return spread;
  spread.undo();
  return undefined;
}

/** Arrivals that are counted in the table of sets, but not made. */
class Trial {
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

function hasRoom({ layers }: HostProblem): boolean {
  return layers.some(({ table }) => table.expertAt.includes(FREE_SLOT));
}
