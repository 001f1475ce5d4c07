/** Moves that relieve a busy rank, the most promising first: what they gain is estimated, and only the best are tried. */
import { FREE_SLOT } from "../../layout/placement.ts";
import { type LevelProblem, type Move, maySpare } from "./levelMove.ts";
import type { RepairedLayer } from "./repairedLayer.ts";

/** Candidates that are tried for a rank. */
const TRIED = 6;
/** What a move costs besides the replicas that it sends, in replicas: moves within a node are nearly free. */
const OVERHEAD = 0.25;
/** Copies of two experts that take each other's places, at most. */
const MOST_TRADED = 16;

/** What a rank's tokens over the target count. */
export type Excess = (tokens: number) => number;

/** A move, what it is expected to gain, and that for every replica sent. */
export interface Candidate {
  readonly move: Move;
  readonly gain: number;
  readonly score: number;
}

/** Finds candidates in one layer. */
export class LevelMoves {
  readonly #layer: RepairedLayer;
  readonly #problem: LevelProblem;
  readonly #excess: Excess;
  /** What a copy more of each expert relieves its ranks by, and what a copy less burdens them with; shape [experts]. */
  readonly #relief: Float64Array;
  readonly #burden: Float64Array;
  readonly #found: Candidate[] = [];

  constructor(layer: RepairedLayer, problem: LevelProblem, excess: Excess) {
    this.#layer = layer;
    this.#problem = problem;
    this.#excess = excess;
    this.#relief = new Float64Array(layer.table.copies.length);
    this.#burden = new Float64Array(layer.table.copies.length);
  }

  /** Looks at the loads that are now: call it when they have changed. */
  look(): void {
    const { copies, loads, rankLoad } = this.#layer.table;
    const { rankOfSlot } = this.#problem.slots;
    for (let expert = 0; expert < copies.length; expert++) {
      const slots = copies[expert]!;
      const [less, more] = this.#steps(loads[expert]!, slots.length);
      let [relief, burden] = [0, 0];
      for (let i = 0; i < slots.length; i++) {
        const load = rankLoad[rankOfSlot[slots[i]!]!]!;
        relief += this.#excess(load) - this.#excess(load - less);
        burden += this.#excess(load + more) - this.#excess(load);
      }
      this.#relief[expert] = relief;
      this.#burden[expert] = burden;
    }
  }

  /** The best candidates to relieve a rank, best first. */
  of(rank: number): Candidate[] {
    this.#found.length = 0;
    const { slots, singly } = this.#problem;
    const { expertAt } = this.#layer.table;
    for (let slot = slots.firstSlot[rank]!; slot < slots.firstSlot[rank + 1]!; slot++) {
      const expert = expertAt[slot]!;
      if (expert === FREE_SLOT) continue;
      this.#copies(expert, rank);
      this.#strangers(expert, slot, rank);
      if (singly) continue;
      this.#exchanges(expert, slot, rank);
      this.#trades(expert);
    }
    return [...this.#found];
  }

  /** By how much an expert's copies take less when there is one more, and more when there is one less. */
  #steps(tokens: number, copies: number): [number, number] {
    return [tokens / copies - tokens / (copies + 1), copies === 1 ? Infinity : tokens / (copies - 1) - tokens / copies];
  }

  /** Replicas that an expert's coming to a node costs. */
  #sent(expert: number, node: number): number {
    return this.#layer.wasOn(node, expert) || this.#layer.copiesOn(node, expert) > 0 ? 0 : 1;
  }

  /** Replicas that a guest's leaving a node saves. */
  #saved(guest: number, node: number): number {
    return guest !== FREE_SLOT && !this.#layer.wasOn(node, guest) && this.#layer.copiesOn(node, guest) === 1 ? 1 : 0;
  }

  /** What the leaving of a guest burdens its other ranks with. */
  #burdenOf(guest: number, slot: number): number {
    const { table } = this.#layer;
    if (guest === FREE_SLOT) return 0;
    const { rankOfSlot } = this.#problem.slots;
    const rank = rankOfSlot[slot]!;
    const [, more] = this.#steps(table.loads[guest]!, table.copies[guest]!.length);
    const load = table.rankLoad[rank]!;
    return this.#burden[guest]! - (this.#excess(load + more) - this.#excess(load));
  }

  /** A further copy of an expert of the rank, in the place of one that is not needed. */
  #copies(expert: number, rank: number): void {
    const { table } = this.#layer;
    const { expertAt, rankLoad } = table;
    const { slots, nodeOfSlot } = this.#problem;
    const share = table.loads[expert]! / (table.copies[expert]!.length + 1);
    const ownLoad = rankLoad[rank]!;
    const relief = this.#relief[expert]!;
    // No place gains more than this.
    if (!this.#isWanted(relief / OVERHEAD)) return;
    for (let other = 0; other < expertAt.length; other++) {
      const otherRank = slots.rankOfSlot[other]!;
      const load = rankLoad[otherRank]!;
      if (otherRank === rank || load >= ownLoad) continue;
      const guest = expertAt[other]!;
      if (guest === expert) continue;
      const node = nodeOfSlot[other]!;
      const cost = Math.max(0, this.#sent(expert, node) - this.#saved(guest, node)) + OVERHEAD;
      const most = relief + this.#excess(load);
      if (!this.#isWanted(most / cost)) continue;
      const without = load - (guest === FREE_SLOT ? 0 : table.takenAt(other));
      const gain = most - this.#excess(without + share) - this.#burdenOf(guest, other);
      if (
        gain <= 0 ||
        !this.#isWanted(gain / cost) ||
        table.holds(otherRank, expert) ||
        !maySpare(this.#layer, this.#problem, other)
      )
        continue;
      this.#add({ slots: [other], experts: [expert] }, gain, cost);
    }
  }

  /** Another expert in the place of the rank's that is not needed. */
  #strangers(expert: number, slot: number, rank: number): void {
    const { table } = this.#layer;
    const node = this.#problem.nodeOfSlot[slot]!;
    const load = table.rankLoad[rank]!;
    const without = load - table.takenAt(slot);
    const burden = this.#burdenOf(expert, slot);
    let may: boolean | undefined;
    for (let other = 0; other < table.copies.length; other++) {
      const copies = table.copies[other]!.length;
      if (other === expert || copies === 0) continue;
      const gain =
        this.#excess(load) - this.#excess(without + table.loads[other]! / (copies + 1)) + this.#relief[other]! - burden;
      if (gain <= 0) continue;
      const cost = Math.max(0, this.#sent(other, node) - this.#saved(expert, node)) + OVERHEAD;
      if (!this.#isWanted(gain / cost) || table.holds(rank, other)) continue;
      may ??= maySpare(this.#layer, this.#problem, slot);
      if (!may) return;
      this.#add({ slots: [slot], experts: [other] }, gain, cost);
    }
  }

  /** Single copies of two experts exchange places. */
  #exchanges(expert: number, slot: number, rank: number): void {
    const { table } = this.#layer;
    const { expertAt, rankLoad } = table;
    const { slots, nodeOfSlot } = this.#problem;
    const here = nodeOfSlot[slot]!;
    const taken = table.takenAt(slot);
    const load = rankLoad[rank]!;
    const excess = this.#excess(load);
    const saved = this.#saved(expert, here);
    for (let other = 0; other < expertAt.length; other++) {
      const otherRank = slots.rankOfSlot[other]!;
      const otherLoad = rankLoad[otherRank]!;
      if (otherRank === rank || otherLoad >= load) continue;
      const guest = expertAt[other]!;
      const there = nodeOfSlot[other]!;
      const difference = taken - (guest === FREE_SLOT ? 0 : table.takenAt(other));
      if (guest === expert || difference <= 0 || (here !== there && guest === FREE_SLOT)) continue;
      const sent = here === there ? 0 : this.#sent(expert, there) + this.#sent(guest, here) - this.#saved(guest, there) - saved;
      const cost = Math.max(0, sent) + OVERHEAD;
      const relief = excess - this.#excess(load - difference);
      if (!this.#isWanted(relief / cost)) continue;
      const gain = relief + this.#excess(otherLoad) - this.#excess(otherLoad + difference);
      if (gain <= 0 || !this.#isWanted(gain / cost)) continue;
      if (table.holds(otherRank, expert) || (guest !== FREE_SLOT && table.holds(rank, guest))) continue;
      if (here !== there && !(this.#stays(expert, here, there) && this.#stays(guest, there, here))) continue;
      this.#add({ slots: [slot, other], experts: [guest, expert] }, gain, cost);
    }
  }

  #stays(expert: number, from: number, to: number): boolean {
    return this.#problem.mayLeave(this.#layer.unitsWithout(expert, from, to));
  }

  /** All copies of two experts exchange places. */
  #trades(expert: number): void {
    const { table } = this.#layer;
    const { rankOfSlot } = this.#problem.slots;
    const own = table.copies[expert]!;
    const tokens = table.loads[expert]!;
    let most = 0;
    for (const slot of own) most += this.#excess(table.rankLoad[rankOfSlot[slot]!]!);
    if (!this.#isWanted(most / own.length)) return;
    for (let other = 0; other < table.copies.length; other++) {
      const others = table.copies[other]!;
      const difference = tokens - table.loads[other]!;
      if (other === expert || others.length === 0 || difference <= 0 || own.length + others.length > MOST_TRADED) continue;
      let gain = 0;
      for (const slot of own) gain -= this.#change(rankOfSlot[slot]!, -difference / own.length);
      if (!this.#isWanted(gain / 2)) continue;
      for (const slot of others) gain -= this.#change(rankOfSlot[slot]!, difference / others.length);
      if (gain <= 0) continue;
      let cost = OVERHEAD;
      for (const slot of own) cost += this.#sent(other, this.#problem.nodeOfSlot[slot]!);
      for (const slot of others) cost += this.#sent(expert, this.#problem.nodeOfSlot[slot]!);
      if (this.#isWanted(gain / cost)) this.#add({ trade: [expert, other] }, gain, cost);
    }
  }

  #change(rank: number, tokens: number): number {
    const load = this.#layer.table.rankLoad[rank]!;
    return this.#excess(load + tokens) - this.#excess(load);
  }

  #isWanted(score: number): boolean {
    return this.#found.length < TRIED || score > this.#found.at(-1)!.score;
  }

  #add(move: Move, gain: number, cost: number): void {
    const found = this.#found;
    const score = gain / cost;
    let at = found.length;
    while (at > 0 && found[at - 1]!.score < score) at--;
    found.splice(at, 0, { move, gain, score });
    if (found.length > TRIED) found.pop();
  }
}
