/** A short period for an iteration's tasks. */
import { randomSource } from "../algorithms/random.ts";
import { fixedOrder } from "./fixedOrder.ts";
import { listSchedule } from "./listSchedule.ts";
import { periodBound } from "./periodBound.ts";
import { type TaskGraph, WEIGHT_GRADIENT } from "./taskGraph.ts";
import { staggeredTiming, type Timing, togetherTiming } from "./timing.ts";
import { urgencies } from "./urgencies.ts";

/** Variations tried, and tasks that they may have in all. */
const TRIES = 2000;
const TASKS = 400_000;
/** How far a variation moves starts, in mean durations, and which share of them. */
const REACHES = [0.5, 1, 2, 4, 8];
const SHARES = [1, 0.3, 0.1, 0.03];

/**
 * Greedy schedules by the rules of `urgencies`, with the slots there are and with no more than 1F1B takes; then variations: the starts
 * of the best schedule, some of them moved at random, are the urgencies of the next, which replaces it unless it is longer. It ends where a
 * lower bound is met, and is the same for the same graph.
 * @param staggered whether each stage steps its optimizer alone
 * @param known starts of a schedule that keeps what tasks wait for: the period is not longer
 */
export function schedulePipeline(graph: TaskGraph, staggered: boolean, known?: Float64Array): Timing {
  const { durations, slots, job } = graph;
  const { period: bound } = periodBound(graph, staggered);
  let best: Timing | undefined;
  const S = job.stages.length;
  const narrow = { ...graph, slots: slots.map((count, worker) => Math.min(count, S - (worker % S))) };
  if (known !== undefined) consider(ordersOf(graph, known));
  for (const rule of urgencies(graph)) {
    consider(listSchedule(graph, rule));
    consider(listSchedule(narrow, rule));
  }
  const mean = durations.reduce((sum, duration) => sum + duration, 0) / durations.length;
  const random = randomSource(0);
  for (let i = 0; i < TRIES && i * durations.length < TASKS && !isLeast(); i++) {
    const reach = REACHES[i % REACHES.length]! * mean;
    const share = SHARES[random.below(SHARES.length)]!;
    const urgency = best!.starts.map((start) => {
      const moved = random.uniform() < share ? (2 * random.uniform() - 1) * reach : 0;
      return start + moved + random.uniform() * 1e-3 * mean;
    });
    consider(listSchedule(graph, urgency));
  }
  return best!;

  function isLeast(): boolean {
    return best !== undefined && best.period <= bound * (1 + 1e-9);
  }

  /** Takes the orders unless their period is longer. */
  function consider(orders: readonly (readonly number[])[]): void {
    if (isLeast()) return;
    const fixed = fixedOrder(graph, orders);
    if (fixed === undefined) throw new Error("a schedule contradicts itself");
    const most = best?.period ?? Number.POSITIVE_INFINITY;
    const timing = staggered ? staggeredTiming(fixed, bound, most) : togetherTiming(fixed);
    if (timing !== undefined && timing.period <= most * (1 + 1e-9)) best = timing;
  }
}

/** Tasks of each worker by their starts. */
function ordersOf({ workers, slots }: TaskGraph, starts: Float64Array): number[][] {
  const orders: number[][] = Array.from(slots, () => []);
  workers.forEach((worker, task) => {
    orders[worker]!.push(task);
  });
  // A gradient of weights that takes no time comes before what starts then.
  const isWeight = (task: number) => Number(task % 3 === WEIGHT_GRADIENT);
  for (const order of orders) order.sort((a, b) => starts[a]! - starts[b]! || isWeight(b) - isWeight(a) || a - b);
  return orders;
}
