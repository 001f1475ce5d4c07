/** Seats of a layout: a node on each, which plays the same part until it fails, and newcomers that take the empty ones. */
import { type LayoutShape, type ParallelLayout, workersOfNode } from "../cost/parallelLayout.ts";
import type { PipelineWorker } from "../pipeline/pipelineJob.ts";

/** Nodes by seat, in the order of the layout; undefined where there is none. */
export type Seats = readonly (number | undefined)[];

/** The seats of a layout. */
export interface StageSeats {
  /** Workers of the node on each seat. */
  readonly workers: readonly (readonly PipelineWorker[])[];
  /** Everybody's first seat. */
  seat(live: readonly number[]): Seats;
  /** Who is left. */
  keep(seats: Seats, live: readonly number[]): Seats;
  /** Newcomers take the empty seats, those first whose stage has the fewest nodes. */
  fill(seats: Seats, live: readonly number[]): Seats;
  /** Whether all stages have a worker. */
  isWhole(seats: Seats): boolean;
  /** Workers without a node. */
  failed(seats: Seats): PipelineWorker[];
}

/** Prepares the seats. */
export function stageSeats(layout: ParallelLayout, shape: LayoutShape): StageSeats {
  const workers = Array.from({ length: shape.nodes }, (_, place) => workersOfNode(layout, shape, place));
  const all = workers.map((_, seat) => seat);

  function liveByStage(seats: Seats): number[] {
    const live = new Array<number>(layout.pipeline).fill(0);
    seats.forEach((node, seat) => {
      if (node !== undefined) for (const { stage } of workers[seat]!) live[stage]!++;
    });
    return live;
  }

  function fill(seats: Seats, live: readonly number[]): Seats {
    const next = [...seats];
    const newcomers = seats.includes(undefined) ? live.filter(notIn(seats)) : [];
    for (const node of newcomers) {
      const counts = liveByStage(next);
      const fewest = (seat: number) => Math.min(...workers[seat]!.map(({ stage }) => counts[stage]!));
      const empty = all.filter((seat) => next[seat] === undefined);
      if (empty.length === 0) break;
      next[empty.reduce((best, seat) => (fewest(seat) < fewest(best) ? seat : best))] = node;
    }
    return next;
  }

  return {
    workers,
    seat: (live) => all.map((seat) => live[seat]),
    keep(seats, live) {
      const alive = new Set(live);
      return seats.map((node) => (node !== undefined && alive.has(node) ? node : undefined));
    },
    fill,
    isWhole: (seats) => liveByStage(seats).every((count) => count > 0),
    failed: (seats) => all.filter((seat) => seats[seat] === undefined).flatMap((seat) => workers[seat]!),
  };
}

function notIn(seats: Seats): (node: number) => boolean {
  const seated = new Set(seats);
  return (node) => !seated.has(node);
}

/** Nodes that have a seat. */
export function seatedNodes(seats: Seats): number[] {
  return seats.filter((node) => node !== undefined);
}
