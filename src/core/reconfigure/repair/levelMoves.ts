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
  /** What a copy more of each expert relieves its ranks by, shape [experts]. */
  readonly #relief: Float64Array;
  /** What each rank has in excess, shape [ranks]. */
  readonly #over: Float64Array;
  /** What emptying a slot burdens its expert's other ranks with, and the replicas that it saves; shape [slots]. */
  readonly #burdenOf: Float64Array;
  readonly #saves: Uint8Array;
  readonly #found: Candidate[] = [];
  /** Score that a candidate has to exceed. */
  #toBeat = -Infinity;

  constructor(layer: RepairedLayer, problem: LevelProblem, excess: Excess) {
    this.#layer = layer;
    this.#problem = problem;
    this.#excess = excess;
    this.#relief = new Float64Array(layer.table.copies.length);
    this.#over = new Float64Array(layer.table.rankLoad.length);
    this.#burdenOf = new Float64Array(layer.table.expertAt.length);
    this.#saves = new Uint8Array(layer.table.expertAt.length);
  }

  /** Looks at the loads that are now: call it when they have changed. */
  look(): void {
    const { copies, loads, rankLoad, expertAt } = this.#layer.table;
    const { slots, nodeOfSlot } = this.#problem;
    const { rankOfSlot } = slots;
    for (let rank = 0; rank < rankLoad.length; rank++) this.#over[rank] = this.#excess(rankLoad[rank]!);
    for (let expert = 0; expert < copies.length; expert++) {
      const own = copies[expert]!;
      const less = stepDown(loads[expert]!, own.length);
      const more = stepUp(loads[expert]!, own.length);
      let relief = 0;
      let burden = 0;
      for (let i = 0; i < own.length; i++) {
        const rank = rankOfSlot[own[i]!]!;
        const load = rankLoad[rank]!;
        const over = this.#over[rank]!;
        if (over > 0) relief += over - this.#excess(load - less);
        burden += this.#excess(load + more) - over;
      }
      this.#relief[expert] = relief;
      for (let i = 0; i < own.length; i++) {
        const rank = rankOfSlot[own[i]!]!;
        this.#burdenOf[own[i]!] = burden - (this.#excess(rankLoad[rank]! + more) - this.#over[rank]!);
      }
    }
    for (let slot = 0; slot < expertAt.length; slot++) {
      if (expertAt[slot] === FREE_SLOT) this.#burdenOf[slot] = 0;
      this.#saves[slot] = this.#saved(expertAt[slot]!, nodeOfSlot[slot]!);
    }
  }

  /** The best candidates to relieve a rank, best first. */
  of(rank: number): Candidate[] {
    this.#found.length = 0;
    this.#toBeat = -Infinity;
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

  /** Replicas that an expert's coming to a node costs. */
  #sent(expert: number, node: number): number {
    return this.#layer.wasOn(node, expert) || this.#layer.copiesOn(node, expert) > 0 ? 0 : 1;
  }

  /** Replicas that a guest's leaving a node saves. */
  #saved(guest: number, node: number): number {
    return guest !== FREE_SLOT && !this.#layer.wasOn(node, guest) && this.#layer.copiesOn(node, guest) === 1 ? 1 : 0;
  }

  /** A further copy of an expert of the rank, in the place of one that is not needed. */
  #copies(expert: number, rank: number): void {
    const { table } = this.#layer;
    const { expertAt, rankLoad } = table;
    const { firstRank, firstSlot } = this.#problem.slots;
    const share = table.loads[expert]! / (table.copies[expert]!.length + 1);
    const relief = this.#relief[expert]!;
    // No place gains more than this.
    if (!this.#isWanted(relief / OVERHEAD)) return;
    for (let node = 0; node < firstRank.length - 1; node++) {
      const sent = this.#sent(expert, node);
      for (let other = firstRank[node]!; other < firstRank[node + 1]!; other++) {
        const load = rankLoad[other]!;
        if (other === rank || load >= rankLoad[rank]!) continue;
        const most = relief + this.#over[other]!;
        for (let slot = firstSlot[other]!; slot < firstSlot[other + 1]!; slot++) {
          const cost = Math.max(0, sent - this.#saves[slot]!) + OVERHEAD;
          if (!this.#isWanted((most - this.#burdenOf[slot]!) / cost)) continue;
          const guest = expertAt[slot]!;
          if (guest === expert) continue;
          const without = load - (guest === FREE_SLOT ? 0 : table.takenAt(slot));
          const gain = most - this.#excess(without + share) - this.#burdenOf[slot]!;
          if (gain <= 0 || !this.#isWanted(gain / cost)) continue;
          if (table.holds(other, expert) || !maySpare(this.#layer, this.#problem, slot)) continue;
          this.#add({ slots: [slot], experts: [expert] }, gain, cost);
        }
      }
    }
  }

  /** Another expert in the place of the rank's that is not needed. */
  #strangers(expert: number, slot: number, rank: number): void {
    const { table } = this.#layer;
    const node = this.#problem.nodeOfSlot[slot]!;
    const load = table.rankLoad[rank]!;
    const without = load - table.takenAt(slot);
    const burden = this.#burdenOf[slot]!;
    const over = this.#over[rank]!;
    let may: boolean | undefined;
    for (let other = 0; other < table.copies.length; other++) {
      const copies = table.copies[other]!.length;
      if (other === expert || copies === 0) continue;
      const gain = over - this.#excess(without + table.loads[other]! / (copies + 1)) + this.#relief[other]! - burden;
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
    const { firstRank, firstSlot } = slots;
    const here = nodeOfSlot[slot]!;
    const taken = table.takenAt(slot);
    const load = rankLoad[rank]!;
    const over = this.#over[rank]!;
    for (let there = 0; there < firstRank.length - 1; there++) {
      const coming = here === there ? 0 : this.#sent(expert, there) - this.#saves[slot]!;
      for (let otherRank = firstRank[there]!; otherRank < firstRank[there + 1]!; otherRank++) {
        const otherLoad = rankLoad[otherRank]!;
        if (otherRank === rank || otherLoad >= load) continue;
        for (let other = firstSlot[otherRank]!; other < firstSlot[otherRank + 1]!; other++) {
          const guest = expertAt[other]!;
          const difference = taken - (guest === FREE_SLOT ? 0 : table.takenAt(other));
          // Moving more than the whole difference of two ranks makes the other one the busier.
          if (difference <= 0 || otherLoad + difference >= load) continue;
          if (guest === expert || (here !== there && guest === FREE_SLOT)) continue;
          const relief = over - this.#excess(load - difference);
          const sent = here === there ? 0 : coming + this.#sent(guest, here) - this.#saves[other]!;
          const cost = Math.max(0, sent) + OVERHEAD;
          if (!this.#isWanted(relief / cost)) continue;
          const gain = relief + this.#over[otherRank]! - this.#excess(otherLoad + difference);
          if (gain <= 0 || !this.#isWanted(gain / cost)) continue;
          if (table.holds(otherRank, expert) || (guest !== FREE_SLOT && table.holds(rank, guest))) continue;
          if (here !== there && !(this.#stays(expert, here, there) && this.#stays(guest, there, here))) continue;
          this.#add({ slots: [slot, other], experts: [guest, expert] }, gain, cost);
        }
      }
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
    for (const slot of own) most += this.#over[rankOfSlot[slot]!]!;
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
    return this.#excess(this.#layer.table.rankLoad[rank]! + tokens) - this.#over[rank]!;
  }

  #isWanted(score: number): boolean {
    return score > this.#toBeat;
  }

  #add(move: Move, gain: number, cost: number): void {
    const found = this.#found;
    const score = gain / cost;
    let at = found.length;
    while (at > 0 && found[at - 1]!.score < score) at--;
    found.splice(at, 0, { move, gain, score });
    if (found.length > TRIED) found.pop();
    if (found.length === TRIED) this.#toBeat = found[TRIED - 1]!.score;
  }
}

/** By how much each copy of an expert takes less when there is one more. */
function stepDown(tokens: number, copies: number): number {
  return tokens / copies - tokens / (copies + 1);
}

/** By how much each copy of an expert takes more when there is one less. */
function stepUp(tokens: number, copies: number): number {
  return copies === 1 ? Infinity : tokens / (copies - 1) - tokens / copies;
}
