/** Events in the order of time; those of one moment in the order in which they were added. */

interface Entry<T> {
  readonly seconds: number;
  readonly order: number;
  readonly event: T;
}

/** A binary heap. Events at Infinity never come. */
export class EventQueue<T> {
  readonly #heap: Entry<T>[] = [];
  #added = 0;

  add(seconds: number, event: T): void {
    if (seconds === Number.POSITIVE_INFINITY) return;
    const heap = this.#heap;
    const entry = { seconds, order: this.#added++, event };
    let at = heap.push(entry) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!comesBefore(entry, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = entry;
  }

  /** Removes the next event; undefined when there is none. */
  take(): { readonly seconds: number; readonly event: T } | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && comesBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!comesBefore(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}

function comesBefore<T>(a: Entry<T>, b: Entry<T>): boolean {
  return a.seconds < b.seconds || (a.seconds === b.seconds && a.order < b.order);
}
