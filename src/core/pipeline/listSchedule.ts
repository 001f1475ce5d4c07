/** Greedy schedules: a worker that is free takes the most urgent task that can start. */
import { VertexHeap } from "../algorithms/vertexHeap.ts";
import { FORWARD, INPUT_GRADIENT, type TaskGraph, WEIGHT_GRADIENT } from "./taskGraph.ts";

/**
 * Orders in which workers do their tasks; nobody waits while something can start. It ends for every number of slots: who holds
 * activations of a stage waits for later stages only, and the last one waits for none.
 * @param urgency of every task, the least first
 * @returns tasks of each worker in order, by worker
 */
export function listSchedule(graph: TaskGraph, urgency: Float64Array): number[][] {
  const { job, durations, workers, slots } = graph;
  const S = job.stages.length;
  const count = slots.length;
  const lists = () => Array.from({ length: count }, (): number[] => []);
  const orders = lists();
  // Forward passes wait apart: they need a slot.
  const forwards = lists();
  const gradients = lists();
  const free = Int32Array.from(slots);
  const running = new Int32Array(count).fill(-1);
  const ends = new Float64Array(count);
  const busy = new VertexHeap(count, ends);
  const woken: number[] = [];
  for (let task = 0; task < durations.length; task += 3 * S) offer(task);
  for (let now = 0; ; ) {
    for (const worker of woken) {
      if (running[worker]! >= 0) continue;
      const task = takeMostUrgent(worker);
      if (task < 0) continue;
      orders[worker]!.push(task);
      if (task % 3 === FORWARD) free[worker]!--;
      running[worker] = task;
      ends[worker] = now + durations[task]!;
      busy.add(worker);
    }
    woken.length = 0;
    let worker = busy.takeNearest();
    if (worker < 0) return orders;
    now = ends[worker]!;
    // All that ends now, before anybody chooses.
    for (; worker >= 0 && ends[worker]! === now; worker = busy.takeNearest()) {
      const done = running[worker]!;
      running[worker] = -1;
      woken.push(worker);
      finish(done);
    }
    if (worker >= 0) busy.add(worker);
  }

  function finish(task: number): void {
    const kind = task % 3;
    const stage = ((task - kind) / 3) % S;
    if (kind === FORWARD) offer(stage === S - 1 ? task + 1 : task + 3);
    else if (kind === INPUT_GRADIENT) {
      offer(task + 1);
      if (stage > 0) offer(task - 3);
    } else free[workers[task]!]!++;
  }

  function offer(task: number): void {
    const worker = workers[task]!;
    woken.push(worker);
    const kind = task % 3;
    if (kind === WEIGHT_GRADIENT && durations[task] === 0) {
      // Done with its input gradient.
      orders[worker]!.push(task);
      free[worker]!++;
    } else push(kind === FORWARD ? forwards[worker]! : gradients[worker]!, task, urgency);
  }

  function takeMostUrgent(worker: number): number {
    const forward = free[worker]! > 0 ? forwards[worker]![0] : undefined;
    const gradient = gradients[worker]![0];
    if (forward === undefined && gradient === undefined) return -1;
    const takesForward = gradient === undefined || (forward !== undefined && urgency[forward]! < urgency[gradient]!);
    return pop(takesForward ? forwards[worker]! : gradients[worker]!, urgency);
  }
}

/** Adds to a binary heap. */
function push(heap: number[], task: number, key: Float64Array): void {
  let at = heap.length;
  heap.push(task);
  for (let parent = (at - 1) >> 1; at > 0 && key[heap[parent]!]! > key[task]!; parent = (at - 1) >> 1) {
    heap[at] = heap[parent]!;
    at = parent;
  }
  heap[at] = task;
}

/** Takes the least of a binary heap that is not empty. */
function pop(heap: number[], key: Float64Array): number {
  const least = heap[0]!;
  const last = heap.pop()!;
  if (heap.length === 0) return least;
  let at = 0;
  for (let child = 1; child < heap.length; child = 2 * at + 1) {
    if (child + 1 < heap.length && key[heap[child + 1]!]! < key[heap[child]!]!) child++;
    if (key[heap[child]!]! >= key[last]!) break;
    heap[at] = heap[child]!;
    at = child;
  }
  heap[at] = last;
  return least;
}
