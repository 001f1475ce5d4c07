/** Priority queue of Dijkstra's algorithm. */

/** Vertices by a distance that may fall while they wait, nearest first. */
export class VertexHeap {
  readonly #distance: Float64Array;
  readonly #heap: Int32Array;
  /** Where a vertex is in the heap, -1 where it is not. */
  readonly #place: Int32Array;
  #size = 0;

  constructor(vertices: number, distance: Float64Array) {
    this.#distance = distance;
    this.#heap = new Int32Array(vertices);
    this.#place = new Int32Array(vertices).fill(-1);
  }

  clear(): void {
    this.#size = 0;
    this.#place.fill(-1);
  }

  /** Adds a vertex, or moves it up after its distance fell. */
  add(vertex: number): void {
    let at = this.#place[vertex]!;
    if (at < 0) at = this.#size++;
    for (
      let parent = (at - 1) >> 1;
      at > 0 && this.#distance[this.#heap[parent]!]! > this.#distance[vertex]!;
      parent = (at - 1) >> 1
    ) {
      this.#put(this.#heap[parent]!, at);
      at = parent;
    }
    this.#put(vertex, at);
  }

  /** Removes the nearest vertex and returns it; -1 when there is none. */
  takeNearest(): number {
    if (this.#size === 0) return -1;
    const nearest = this.#heap[0]!;
    this.#place[nearest] = -1;
    const last = this.#heap[--this.#size]!;
    if (this.#size === 0) return nearest;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= this.#size) break;
      if (child + 1 < this.#size && this.#distance[this.#heap[child + 1]!]! < this.#distance[this.#heap[child]!]!) child++;
      if (this.#distance[this.#heap[child]!]! >= this.#distance[last]!) break;
      this.#put(this.#heap[child]!, at);
      at = child;
    }
    this.#put(last, at);
    return nearest;
  }

  #put(vertex: number, at: number): void {
    this.#heap[at] = vertex;
    this.#place[vertex] = at;
  }
}
