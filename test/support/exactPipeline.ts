/** The shortest period of a tiny pipeline job, by branch and bound over the orders of tasks on workers. */
import type { TaskGraph } from "../../src/core/pipeline/taskGraph.ts";

/** That `before` ends when `after` starts, or earlier. */
type Arc = readonly [before: number, after: number];

/**
 * Relaxation: the earliest starts under what tasks wait for and the orders decided so far. Where two tasks of a worker overlap in
 * it, one of them goes first; where a worker holds too many activations, one of them is done before another begins. Where neither is, it
 * is a schedule, and shorter than the best so far. No period is shorter than a worker's work.
 * @param staggered whether each stage's tasks have to lie within the period, or all
 * @param known a period that can be had
 * @param step no two periods are nearer to each other
 */
export function exactPeriod(graph: TaskGraph, staggered: boolean, known: number, step: number): number {
  const { job, durations, workers, slots } = graph;
  const S = job.stages.length;
  const tasks = durations.length;
  const stageOf = (task: number) => Math.floor(task / 3) % S;
  const base: Arc[] = [];
  for (let task = 0; task < tasks; task++) {
    const stage = stageOf(task);
    if (task % 3 === 0 && stage > 0) base.push([task - 3, task]);
    if (task % 3 === 1) base.push([stage === S - 1 ? task - 1 : task + 3, task]);
    if (task % 3 === 2) base.push([task - 1, task]);
  }
  // Micro-batches with the same workers everywhere are alike: they begin in the order of their numbers.
  const route = (m: number) => job.stages.map((_, stage) => workers[(m * S + stage) * 3]).join();
  for (let m = 1; m < tasks / 3 / S; m++) {
    const twin = Array.from({ length: m }, (_, other) => m - 1 - other).find((other) => route(other) === route(m));
    if (twin !== undefined) base.push([twin * S * 3, m * S * 3]);
  }
  const byWorker = Array.from(slots, (_, worker) => Array.from(workers.keys()).filter((task) => workers[task] === worker));
  const works = byWorker.map((own) => own.reduce((sum, task) => sum + durations[task]!, 0));
  let best = known;
  let nodes = 0;
  visit(base);
  return best;

  function visit(arcs: readonly Arc[]): void {
    if (++nodes > 20_000) throw new Error("too many orders for branch and bound");
    for (;;) {
      const starts = Math.max(...works) > best - step ? undefined : relaxed(arcs, best - step);
      if (starts === undefined || (!staggered && isTooMuch(starts, best - step))) return;
      const choices = conflict(starts);
      if (choices === undefined) {
        best = periodOf(starts);
        continue;
      }
      for (const choice of choices) visit([...arcs, choice]);
      return;
    }
  }

  /** Whether a worker cannot do what is left of its tasks from some time on. */
  function isTooMuch(starts: Float64Array, T: number): boolean {
    return byWorker.some((own) => {
      let left = 0;
      return own
        .toSorted((a, b) => starts[b]! - starts[a]!)
        .some((task) => {
          left += durations[task]!;
          return starts[task]! + left > T + 1e-9;
        });
    });
  }

  function relaxed(arcs: readonly Arc[], T: number): Float64Array | undefined {
    const starts = new Float64Array(tasks);
    for (let round = 0; round <= tasks + S; round++) {
      let changed = false;
      const raise = (task: number, to: number) => {
        if (to <= starts[task]! + 1e-9) return;
        starts[task] = to;
        changed = true;
      };
      for (const [before, after] of arcs) raise(after, starts[before]! + durations[before]!);
      if (staggered) {
        const opens = new Float64Array(S);
        starts.forEach((start, task) => {
          opens[stageOf(task)] = Math.max(opens[stageOf(task)]!, start + durations[task]! - T);
        });
        for (let task = 0; task < tasks; task++) raise(task, opens[stageOf(task)]!);
      } else if (starts.some((start, task) => start + durations[task]! > T + 1e-9)) return undefined;
      if (!changed) return starts;
    }
    return undefined;
  }

  function conflict(starts: Float64Array): Arc[] | undefined {
    for (const own of byWorker) {
      const busy = own.filter((task) => durations[task]! > 0).sort((a, b) => starts[a]! - starts[b]!);
      for (const [i, a] of busy.entries()) {
        const b = busy[i + 1];
        if (b !== undefined && starts[b]! < starts[a]! + durations[a]! - 1e-9)
          return [
            [a, b],
            [b, a],
          ];
      }
      const forwards = own.filter((task) => task % 3 === 0);
      for (const at of forwards) {
        const held = forwards.filter(
          (task) => starts[task]! <= starts[at]! + 1e-9 && starts[task + 2]! + durations[task + 2]! > starts[at]! + 1e-9,
        );
        if (held.length > slots[workers[at]!]!)
          return held.flatMap((a) => held.flatMap((b): Arc[] => (a === b ? [] : [[a + 2, b]])));
      }
    }
    return undefined;
  }

  function periodOf(starts: Float64Array): number {
    const ends = Array.from(starts, (start, task) => start + durations[task]!);
    if (!staggered) return Math.max(...ends);
    const stages = Array.from({ length: S }, (_, s) => Array.from(starts.keys()).filter((task) => stageOf(task) === s));
    return Math.max(
      ...stages.map((own) => Math.max(...own.map((task) => ends[task]!)) - Math.min(...own.map((task) => starts[task]!))),
    );
  }
}
