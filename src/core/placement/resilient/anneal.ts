/** Simulated annealing over one design of host sets that all its layers share. */
import type { RandomSource } from "../../random.ts";
import {
  type Design,
  type HostMove,
  moveHosts,
  moveTokens,
  penaltyOf,
  restore,
  retake,
  reversed,
  snapshot,
  swapExperts,
  takeBackTokens,
} from "./design.ts";
import { countMembers, memberAt } from "./subsets.ts";

/** How long to search and how freely. */
export interface Annealing {
  /** Hosts that every position keeps. */
  readonly minHosts: number;
  /** Moves to try. */
  readonly evaluations: number;
  /** Temperatures of the energy log(probability that the job is lost) + penalty, first and last. */
  readonly hottest: number;
  readonly coldest: number;
  readonly random: RandomSource;
  /** Refuse moves that make it likelier to lose the job than it is at the start. */
  readonly keepSurvival?: boolean;
  /** Ends the search early when it returns true. */
  readonly shouldStop?: () => boolean;
}

/** Share of the moves that change which expert takes which host set, not the host sets. */
const SWAP_SHARE = 0.25;
const EVALUATIONS_BETWEEN_QUESTIONS = 512;

/**
 * Improves a design and leaves it in the best state seen: the least penalty, and among equals the least probability that the
 * job is lost.
 */
export function anneal(design: Design, search: Annealing): void {
  const { random } = search;
  const cooling = Math.log(search.coldest / search.hottest);
  const mostLost = search.keepSurvival ? design.survival.lost : 1;
  const best = snapshot(design);
  let leastLost = design.survival.lost;
  let leastPenalty = penaltyOf(design);
  for (let evaluation = 0; evaluation < search.evaluations; evaluation++) {
    const done = evaluation / search.evaluations;
    if (evaluation % EVALUATIONS_BETWEEN_QUESTIONS === 0 && search.shouldStop?.()) break;
    const tolerated = -search.hottest * Math.exp(cooling * done) * Math.log(1 - random.uniform());
    const changed =
      random.uniform() < SWAP_SHARE
        ? trySwap(design, tolerated, random)
        : tryMove(design, drawMove(design, search), tolerated, mostLost);
    if (!changed) continue;
    const { lost } = design.survival;
    const penalty = penaltyOf(design);
    if (penalty < leastPenalty || (penalty === leastPenalty && lost < leastLost)) {
      retake(best, design);
      leastLost = lost;
      leastPenalty = penalty;
    }
  }
  restore(design, best);
}

function trySwap(design: Design, tolerated: number, random: RandomSource): boolean {
  if (design.layers.length === 0) return false;
  const layer = design.layers[random.below(design.layers.length)]!;
  const first = random.below(design.hosts.length);
  const second = random.below(design.hosts.length);
  if (design.hosts[first] === design.hosts[second]) return false;
  const before = layer.balance.excess;
  swapExperts(design, layer, first, second);
  if ((layer.balance.excess - before) * layer.penalty <= tolerated) return true;
  swapExperts(design, layer, first, second);
  return false;
}

function tryMove(design: Design, move: HostMove | undefined, tolerated: number, mostLost: number): boolean {
  if (move === undefined) return false;
  const before = design.survival.lost;
  moveHosts(design, move);
  const { lost } = design.survival;
  if (lost <= mostLost) {
    // The penalty cannot fall below zero, so many moves are out before any layer is looked at.
    const allowed = tolerated + penaltyOf(design) - Math.log((lost + Number.MIN_VALUE) / (before + Number.MIN_VALUE));
    if (allowed >= 0 && carryOver(design, move, allowed)) return true;
  }
  moveHosts(design, reversed(move));
  return false;
}

/** Carries a move over to the layers one by one; undone, and false, as soon as their penalties exceed what is allowed. */
function carryOver(design: Design, move: HostMove, allowed: number): boolean {
  let penalty = 0;
  for (let l = 0; l < design.layers.length; l++) {
    const layer = design.layers[l]!;
    moveTokens(design, layer, move);
    penalty += layer.balance.excess * layer.penalty;
    if (penalty <= allowed) continue;
    for (let done = 0; done <= l; done++) takeBackTokens(design, design.layers[done]!, move);
    return false;
  }
  return true;
}

/** Draws a move that respects slots and minimum hosts; undefined when the first positions and nodes drawn allow none. */
function drawMove(design: Design, { random, minHosts }: Annealing): HostMove | undefined {
  const first = random.below(design.hosts.length);
  const hosts = design.hosts[first]!;
  const kind = random.uniform();
  if (kind < 0.2) {
    const free = nodesWithRoom(design) & ~hosts;
    if (free === 0) return undefined;
    return { first, second: -1, given: kind < 0.1 ? drawMember(hosts, random) : -1, taken: drawMember(free, random) };
  }
  const second = random.below(design.hosts.length);
  const others = design.hosts[second]!;
  const givable = hosts & ~others;
  if (givable === 0) return undefined;
  const given = drawMember(givable, random);
  if (kind < 0.65) {
    const takable = others & ~hosts;
    return takable === 0 ? undefined : { first, second, given, taken: drawMember(takable, random) };
  }
  return countMembers(hosts) <= minHosts ? undefined : { first, second, given, taken: -1 };
}

function drawMember(mask: number, random: RandomSource): number {
  return memberAt(mask, random.below(countMembers(mask)));
}

function nodesWithRoom({ free }: Design): number {
  let nodes = 0;
  for (let node = 0; node < free.length; node++) if (free[node]! > 0) nodes |= 1 << node;
  return nodes;
}
