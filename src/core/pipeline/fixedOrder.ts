/** What tasks wait for when their order on every worker is fixed. */
import { FORWARD, predecessor, type TaskGraph, WEIGHT_GRADIENT } from "./taskGraph.ts";

/** An order on every worker, and what follows from it. */
export interface FixedOrder {
  readonly graph: TaskGraph;
  /** All tasks, each after those that it waits for. */
  readonly sorted: Int32Array;
  /** Three tasks that each waits for, at 3 * task: what the worker does before, whose end makes room for its activations, and the
   *  one that gives its input; -1 for none. */
  readonly earlier: Int32Array;
}

/**
 * @param orders tasks of each worker
 * @returns nothing when the order contradicts what tasks wait for
 */
export function fixedOrder(graph: TaskGraph, orders: readonly (readonly number[])[]): FixedOrder | undefined {
  const { durations, slots, job } = graph;
  const earlier = new Int32Array(durations.length * 3).fill(-1);
  for (let task = 0; task < durations.length; task++) earlier[3 * task + 2] = predecessor(task, job.stages.length);
  orders.forEach((order, worker) => {
    const released = order.filter((task) => task % 3 === WEIGHT_GRADIENT);
    let held = 0;
    order.forEach((task, i) => {
      if (i > 0) earlier[3 * task] = order[i - 1]!;
      if (task % 3 !== FORWARD) return;
      if (held >= slots[worker]!) earlier[3 * task + 1] = released[held - slots[worker]!]!;
      held++;
    });
  });
  const sorted = sortedBy(earlier);
  return sorted === undefined ? undefined : { graph, sorted, earlier };
}

/** Tasks after those they wait for, depth first; nothing when some wait in a circle. */
function sortedBy(earlier: Int32Array): Int32Array | undefined {
  const tasks = earlier.length / 3;
  const sorted = new Int32Array(tasks);
  const [seen, done] = [1, 2];
  const state = new Uint8Array(tasks);
  const stack: number[] = [];
  let count = 0;
  for (let root = 0; root < tasks; root++) {
    stack.push(root);
    while (stack.length > 0) {
      const task = stack.at(-1)!;
      if (state[task] === 0) {
        state[task] = seen;
        for (let i = 3 * task; i < 3 * task + 3; i++) {
          const other = earlier[i]!;
          if (other < 0 || state[other] === done) continue;
          if (state[other] === seen) return undefined;
          stack.push(other);
        }
      } else {
        stack.pop();
        if (state[task] === seen) sorted[count++] = task;
        state[task] = done;
      }
    }
  }
  return sorted;
}
