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

/** Moves that the first runs, and all later ones, try for each replica: quick ones first, so that every effort has a result. */
const MOVES_PER_REPLICA = [60, 240, 480];
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
    const moves = Math.min(MOST_MOVES, MOVES_PER_REPLICA[Math.min(run, MOVES_PER_REPLICA.length - 1)]! * replicas);
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
