/** A short period for an iteration's tasks. */
import { type RandomSource, randomSource } from "../algorithms/random.ts";
import { fixedOrder } from "./fixedOrder.ts";
import { listSchedule } from "./listSchedule.ts";
import { periodBound } from "./periodBound.ts";
import { INPUT_GRADIENT, type TaskGraph, WEIGHT_GRADIENT } from "./taskGraph.ts";
import { staggeredTiming, type Timing, togetherTiming } from "./timing.ts";
import { urgencies } from "./urgencies.ts";

/** Variations tried, and tasks that they may have in all. */
const TRIES = 2000;
const TASKS = 400_000;
/** How far a variation moves starts, in mean durations, and which share of them. */
const REACHES = [0.5, 1, 2, 4, 8];
const SHARES = [1, 0.3, 0.1, 0.03];

/**
 * Greedy schedules by the rules of `urgencies`, with the slots there are and with no more than 1F1B takes; then variations of the
 * best, each of which replaces it unless its period is longer: starts moved at random are the urgencies of a greedy schedule, or neighbours
 * change places. It ends where a lower bound is met, and is the same for the same graph.
 * @param staggered whether each stage steps its optimizer alone
 * @param known starts of a schedule that keeps what tasks wait for: the period is not longer
 * @param tries variations at most
 */
export function schedulePipeline(graph: TaskGraph, staggered: boolean, known?: Float64Array, tries = TRIES): Timing {
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
  const random = randomSource(0);
  for (let i = 0; i < tries && i * durations.length < TASKS && !isLeast(); i++)
    consider(
      i % 3 === 0
        ? exchanged(graph, best!.starts, random)
        : listSchedule(i % 3 === 1 ? graph : narrow, nearby(best!.starts, durations, random)),
    );
  return best!;

  function isLeast(): boolean {
    return best !== undefined && best.period <= bound * (1 + 1e-9);
  }

  /** Takes the orders unless their period is longer. */
  function consider(orders: readonly (readonly number[])[]): void {
    if (isLeast()) return;
    const fixed = fixedOrder(graph, orders);
    if (fixed === undefined) return;
    const most = best?.period ?? Number.POSITIVE_INFINITY;
    const timing = staggered ? staggeredTiming(fixed, bound, most) : togetherTiming(fixed);
    if (timing !== undefined && timing.period <= most * (1 + 1e-9)) best = timing;
  }
}

/** Some starts moved at random. */
function nearby(starts: Float64Array, durations: Float64Array, random: RandomSource): Float64Array {
  const mean = durations.reduce((sum, duration) => sum + duration, 0) / durations.length;
  const reach = REACHES[random.below(REACHES.length)]! * mean;
  const share = SHARES[random.below(SHARES.length)]!;
  return starts.map((start) => {
    const moved = random.uniform() < share ? (2 * random.uniform() - 1) * reach : 0;
    return start + moved + random.uniform() * 1e-3 * mean;
  });
}

/** Orders by starts, in which a few neighbours change places: then a worker may wait although something can start. */
function exchanged(graph: TaskGraph, starts: Float64Array, random: RandomSource): number[][] {
  // Gradients of weights that take no time stay behind those of inputs.
  const { durations } = graph;
  const orders = ordersOf(graph, starts).map((order) => order.filter((task) => durations[task]! > 0));
  for (let times = 1 + random.below(3); times > 0; times--) {
    const order = orders[random.below(orders.length)]!;
    if (order.length < 2) continue;
    const at = random.below(order.length - 1);
    [order[at], order[at + 1]] = [order[at + 1]!, order[at]!];
  }
  const hasNone = (task: number) => task % 3 === INPUT_GRADIENT && durations[task + 1] === 0;
  return orders.map((order) => order.flatMap((task) => (hasNone(task) ? [task, task + 1] : [task])));
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
