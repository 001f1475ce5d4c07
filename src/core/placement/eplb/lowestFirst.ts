/** A heap for greedy rules that always serve the lowest key next. */

/** Ids 0..n-1 ordered by key, ascending; equal keys in id order. Of the ids in it only the first's key may change, and only upwards. */
export class LowestFirst {
  readonly #keys: Float64Array;
  readonly #heap: Int32Array;
  #size: number;

  /**
   * @param keys of the ids, shape [n]; shared with the caller, who reports changes by `sink`
   * @param belongs which ids are in it at first; all, when nothing is said
   */
  constructor(keys: Float64Array, belongs?: (id: number) => boolean) {
    this.#keys = keys;
    this.#heap = Int32Array.from({ length: keys.length }, (_, id) => id);
    const first = belongs === undefined ? this.#heap : this.#heap.filter(belongs);
    this.#heap.set(first);
    this.#size = first.length;
    for (let position = (this.#size >> 1) - 1; position >= 0; position--) this.#siftDown(position);
  }

  /** Ids in it. */
  get size(): number {
    return this.#size;
  }

  /** The id with the lowest key. */
  first(): number {
    return this.#heap[0]!;
  }

  /** Puts the first id where it belongs after its key went up. */
  sink(): void {
    this.#siftDown(0);
  }

  /** Takes the first id out. */
  removeFirst(): void {
    this.#heap[0] = this.#heap[--this.#size]!;
    this.#siftDown(0);
  }

  /** Puts an id in that is not there. */
  insert(id: number): void {
    const heap = this.#heap;
    const keys = this.#keys;
    const key = keys[id]!;
    let position = this.#size++;
    while (position > 0) {
      const parent = (position - 1) >> 1;
      const above = heap[parent]!;
      if (keys[above]! < key || (keys[above] === key && above < id)) break;
      heap[position] = above;
      position = parent;
    }
    heap[position] = id;
  }

  #siftDown(start: number): void {
    const heap = this.#heap;
    const keys = this.#keys;
    const size = this.#size;
    const id = heap[start]!;
    const key = keys[id]!;
    let position = start;
    for (let child = 2 * position + 1; child < size; child = 2 * position + 1) {
      let lower = heap[child]!;
      let lowerKey = keys[lower]!;
      if (child + 1 < size) {
        const right = heap[child + 1]!;
        const rightKey = keys[right]!;
        if (rightKey < lowerKey || (rightKey === lowerKey && right < lower)) {
          child++;
          lower = right;
          lowerKey = rightKey;
        }
      }
      if (key < lowerKey || (key === lowerKey && id < lower)) break;
      heap[position] = lower;
      position = child;
    }
    heap[position] = id;
  }
}
