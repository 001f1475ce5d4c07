import type { RandomSource } from "../../algorithms/random.ts";
import type { Effort } from "../policy.ts";
import { efforts } from "./efforts.ts";
import { evenOut } from "./evenOut.ts";
import { type PackingStart, ReplicaPacking } from "./replicaPacking.ts";
import { shake } from "./shake.ts";
import { shaveBusiest } from "./shaveBusiest.ts";

/** How to search. */
export interface SearchOptions {
  readonly effort: Effort;
  readonly random: RandomSource;
  /** Whether replica counts may change. */
  readonly recounts: boolean;
  /** A load per GPU that the busiest bin cannot get under. */
  readonly lowerBound: number;
}

/** The best packing found, and the run that found it. */
export interface FoundPacking {
  readonly packing: ReplicaPacking;
  readonly run: number;
}

/**
 * The packing with the least busiest bin that independent runs find.
 * @param startOf where a run starts; the first start is a candidate itself
 */
export function searchPacking(startOf: (run: number) => PackingStart, options: SearchOptions): FoundPacking {
  const { effort, random, recounts, lowerBound } = options;
  const { movesPerReplica, moves, nearEnough } = efforts[effort];
  let best = { packing: new ReplicaPacking(startOf(0)), run: 0 };
  const goal = lowerBound * (1 + nearEnough);
  const movesPerRun = movesPerReplica * best.packing.experts.length;
  const runs = Math.max(1, Math.round(moves / movesPerRun));
  for (let run = 0; run < runs && best.packing.busiest() > goal; run++) {
    const packing = new ReplicaPacking(startOf(run));
    if (run > 0) shake(packing, recounts, random);
    evenOut(packing, { moves: movesPerRun, recounts, random });
    shaveBusiest(packing, goal);
    if (packing.busiest() < best.packing.busiest()) best = { packing, run };
  }
  return best;
}
