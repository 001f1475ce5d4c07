/** Simulated annealing over one design of host sets. */
import type { RandomSource } from "../../../algorithms/random.ts";
import type { Design } from "../design/design.ts";
import { drawMove } from "./drawMove.ts";

/** How long to search and how freely. */
export interface Annealing {
  /** Hosts that every position keeps. */
  readonly minHosts: number;
  /** Moves to try. */
  readonly moves: number;
  /** Temperatures in the unit of the objective's energy, first and last. */
  readonly hottest: number;
  readonly coldest: number;
  readonly random: RandomSource;
  /** Refuse moves that make it likelier to lose the job than it is at the start. */
  readonly keepSurvival?: boolean;
  /** Badness of which nothing below exists: a state that reaches it within all limits ends the search. */
  readonly enough?: number;
  /** Ends the search early when it returns true. */
  readonly shouldStop: () => boolean;
}

/** Share of the moves that change which expert takes which host set, not the host sets. */
const SWAP_SHARE = 0.25;
const MOVES_BETWEEN_QUESTIONS = 512;

/** Improves a design and leaves it in the best state seen: the one that breaks limits least, and among equals the least bad. */
export function anneal(design: Design, search: Annealing): void {
  const { moves, random } = search;
  const cooling = Math.log(search.coldest / search.hottest);
  const mostLost = search.keepSurvival ? design.lost : 1;
  const best = design.snapshot();
  let leastViolation = design.violation;
  let leastBadness = design.badness;
  const { enough = Number.NEGATIVE_INFINITY } = search;
  for (let tried = 0; tried < moves && (leastViolation > 0 || leastBadness > enough); tried++) {
    if (tried % MOVES_BETWEEN_QUESTIONS === 0 && search.shouldStop()) break;
    const tolerated = -search.hottest * Math.exp((cooling * tried) / moves) * Math.log(1 - random.uniform());
    const swap = random.uniform() < SWAP_SHARE;
    if (!(swap ? trySwap(design, tolerated, random) : tryMove(design, tolerated, mostLost, search))) continue;
    const { violation, badness } = design;
    if (violation < leastViolation || (violation === leastViolation && badness < leastBadness)) {
      design.retake(best);
      leastViolation = violation;
      leastBadness = badness;
    }
  }
  design.restore(best);
}

function trySwap(design: Design, tolerated: number, random: RandomSource): boolean {
  const { hosts, layers } = design;
  if (layers.length === 0) return false;
  const layer = layers[random.below(layers.length)]!;
  const first = random.below(hosts.length);
  const second = random.below(hosts.length);
  return hosts[first] !== hosts[second] && design.trySwap(layer, first, second, tolerated);
}

function tryMove(design: Design, tolerated: number, mostLost: number, { minHosts, random }: Annealing): boolean {
  const move = drawMove(design, minHosts, random);
  return move !== undefined && design.tryMove(move, tolerated, mostLost);
}
