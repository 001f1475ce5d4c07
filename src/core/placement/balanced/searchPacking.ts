import type { RandomSource } from "../../algorithms/random.ts";
import type { Effort } from "../policy.ts";
import { efforts } from "./efforts.ts";
import { evenOut } from "./evenOut.ts";
import { type PackingStart, ReplicaPacking } from "./replicaPacking.ts";
import { shake } from "./shake.ts";
import { shaveBusiest } from "./shaveBusiest.ts";

/** How to search. */
interface SearchOptions {
  readonly effort: Effort;
  readonly random: RandomSource;
  /** Whether replica counts may change. */
  readonly recounts: boolean;
  /** A load per GPU that the busiest bin cannot get under. */
  readonly lowerBound: number;
}

/** The best packing found, and the run that found it. */
interface FoundPacking {
  readonly packing: ReplicaPacking;
  readonly run: number;
}

/** Moves that the first run, the next ones and all later ones try for each replica: many short runs find more than few long ones. */
const FIRST_MOVES = 100;
const SHORT_MOVES = 120;
const LONG_MOVES = 480;
const SHORT_RUNS = 20;
/** Most moves of a run: where replicas are many, the start is even already. */
const MOST_MOVES = 200_000;

/**
 * The packing with the least busiest bin that independent runs find. Runs do not depend on the effort, only their number does, so
 * that more effort finds no less.
 * @param startOf where a run starts; the first start is a candidate itself
 */
export function searchPacking(startOf: (run: number) => PackingStart, options: SearchOptions): FoundPacking {
  const { effort, random, recounts, lowerBound } = options;
  const { moves: allowed, nearEnough } = efforts[effort];
  let best = { packing: new ReplicaPacking(startOf(0)), run: 0 };
  const goal = lowerBound * (1 + nearEnough);
  const replicas = best.packing.experts.length;
  for (let run = 0, spent = 0; best.packing.busiest() > goal; run++) {
    const moves = Math.min(MOST_MOVES, movesPerReplica(run) * replicas);
    spent += moves;
    if (run > 0 && spent > allowed) break;
    const packing = new ReplicaPacking(startOf(run));
    if (run > 0) shake(packing, recounts, random);
    evenOut(packing, { moves, recounts, random });
    shaveBusiest(packing, lowerBound);
    if (packing.busiest() < best.packing.busiest()) best = { packing, run };
  }
  return best;
}

function movesPerReplica(run: number): number {
  if (run === 0) return FIRST_MOVES;
  return run < SHORT_RUNS ? SHORT_MOVES : LONG_MOVES;
}
