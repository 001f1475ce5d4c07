/** Maximum flow of least cost: shortest augmenting paths by cost, all paths of one cost at a time (primal-dual). */
import { VertexHeap } from "./vertexHeap.ts";

/** A directed network; arc i runs from[i] -> to[i]. */
export interface CostNetwork {
  readonly vertices: number;
  /** Tail of each arc, shape [arcs]. */
  readonly from: Int32Array;
  /** Head of each arc, shape [arcs]. */
  readonly to: Int32Array;
  /** Whole numbers below 2^53, shape [arcs]. */
  readonly capacity: Float64Array;
  /** Cost of one unit of flow, whole numbers from 0 on, shape [arcs]. */
  readonly cost: Float64Array;
}

/**
 * The most flow from source to sink, at the least cost.
 *
 * Vertices keep potentials under which no residual arc has a negative cost. Dijkstra's distances bring them up to date;
 * then a maximum flow on the arcs of no reduced cost (Dinic's phases) uses up all paths of the present cost.
 * @returns flow on each arc, shape [arcs]
 */
export function leastCostFlow(network: CostNetwork, source: number, sink: number): Float64Array {
  const residual = new ResidualNetwork(network, source, sink);
  while (residual.findDistances()) while (residual.findLevels()) residual.sendAlongLevels();
  return residual.flow();
}

class ResidualNetwork {
  readonly #vertices: number;
  readonly #source: number;
  readonly #sink: number;
  // Residual arc 2i is arc i, 2i + 1 its reverse; those out of v are out[begin[v]] to out[begin[v + 1] - 1].
  readonly #begin: Int32Array;
  readonly #out: Int32Array;
  readonly #head: Int32Array;
  readonly #capacity: Float64Array;
  readonly #cost: Float64Array;
  readonly #potential: Float64Array;
  readonly #distance: Float64Array;
  readonly #heap: VertexHeap;
  readonly #level: Int32Array;
  readonly #queue: Int32Array;
  readonly #current: Int32Array;
  readonly #path: Int32Array;

  constructor({ vertices, from, to, capacity, cost }: CostNetwork, source: number, sink: number) {
    const arcs = from.length;
    this.#vertices = vertices;
    this.#source = source;
    this.#sink = sink;
    this.#begin = new Int32Array(vertices + 1);
    this.#out = new Int32Array(2 * arcs);
    this.#head = new Int32Array(2 * arcs);
    this.#capacity = new Float64Array(2 * arcs);
    this.#cost = new Float64Array(2 * arcs);
    this.#potential = new Float64Array(vertices);
    this.#distance = new Float64Array(vertices);
    this.#heap = new VertexHeap(vertices, this.#distance);
    this.#level = new Int32Array(vertices);
    this.#queue = new Int32Array(vertices);
    this.#current = new Int32Array(vertices);
    this.#path = new Int32Array(vertices);
    for (let arc = 0; arc < arcs; arc++) {
      this.#head[2 * arc] = to[arc]!;
      this.#head[2 * arc + 1] = from[arc]!;
      this.#capacity[2 * arc] = capacity[arc]!;
      this.#cost[2 * arc] = cost[arc]!;
      this.#cost[2 * arc + 1] = -cost[arc]!;
      this.#begin[from[arc]! + 1]!++;
      this.#begin[to[arc]! + 1]!++;
    }
    for (let v = 0; v < vertices; v++) this.#begin[v + 1]! += this.#begin[v]!;
    const next = this.#begin.slice();
    for (let arc = 0; arc < 2 * arcs; arc++) this.#out[next[this.#head[arc ^ 1]!]!++] = arc;
  }

  /** Flow on each arc, shape [arcs]. */
  flow(): Float64Array {
    const flow = new Float64Array(this.#capacity.length / 2);
    for (let arc = 0; arc < flow.length; arc++) flow[arc] = this.#capacity[2 * arc + 1]!;
    return flow;
  }

  /** Dijkstra until the sink; potentials take the distances over, cut off at the sink's. False when no path is left. */
  findDistances(): boolean {
    const distance = this.#distance.fill(Infinity);
    const heap = this.#heap;
    distance[this.#source] = 0;
    heap.clear();
    heap.add(this.#source);
    for (let v = heap.takeNearest(); v >= 0 && v !== this.#sink; v = heap.takeNearest()) {
      const base = distance[v]! + this.#potential[v]!;
      for (let at = this.#begin[v]!; at < this.#begin[v + 1]!; at++) {
        const arc = this.#out[at]!;
        if (this.#capacity[arc] === 0) continue;
        const next = this.#head[arc]!;
        const reach = base + this.#cost[arc]! - this.#potential[next]!;
        if (reach < distance[next]!) {
          distance[next] = reach;
          heap.add(next);
        }
      }
    }
    const far = distance[this.#sink]!;
    if (far === Infinity) return false;
    for (let v = 0; v < this.#vertices; v++) this.#potential[v]! += Math.min(distance[v]!, far);
    return true;
  }

  /** Hops from the source over arcs of no reduced cost. False when the sink is out of reach. */
  findLevels(): boolean {
    const queue = this.#queue;
    const level = this.#level.fill(-1);
    level[this.#source] = 0;
    queue[0] = this.#source;
    for (let done = 0, end = 1; done < end; done++) {
      const v = queue[done]!;
      if (v === this.#sink) return true;
      const last = this.#begin[v + 1]!;
      for (let at = this.#begin[v]!; at < last; at++) {
        const arc = this.#out[at]!;
        const next = this.#head[arc]!;
        if (level[next]! >= 0 || !this.#isFree(arc, v, next)) continue;
        level[next] = level[v]! + 1;
        queue[end++] = next;
      }
    }
    return false;
  }

  /** Sends flow along paths that are shortest in cost and hops until there is none; dead ends are not tried twice. */
  sendAlongLevels(): void {
    const head = this.#head;
    const level = this.#level;
    const current = this.#current;
    const path = this.#path;
    current.set(this.#begin.subarray(0, this.#vertices));
    for (let length = 0, v = this.#source; ; ) {
      if (v === this.#sink) {
        length = this.#send(length);
        v = head[path[length]! ^ 1]!;
      }
      let found = -1;
      for (const last = this.#begin[v + 1]!; found < 0 && current[v]! < last; ) {
        const arc = this.#out[current[v]!]!;
        const next = head[arc]!;
        if (level[next] === level[v]! + 1 && this.#isFree(arc, v, next)) found = arc;
        else current[v]!++;
      }
      if (found >= 0) {
        path[length++] = found;
        v = head[found]!;
      } else {
        if (length === 0) return;
        v = head[path[--length]! ^ 1]!;
        current[v]!++;
      }
    }
  }

  /** Whether an arc has room and no reduced cost. */
  #isFree(arc: number, from: number, to: number): boolean {
    return this.#capacity[arc]! > 0 && this.#cost[arc]! + this.#potential[from]! === this.#potential[to]!;
  }

  /** Sends as much as fits along the first arcs of the path; returns how many of them come before one that is full now. */
  #send(length: number): number {
    const capacity = this.#capacity;
    const path = this.#path;
    let sent = Infinity;
    for (let i = 0; i < length; i++) sent = Math.min(sent, capacity[path[i]!]!);
    let full = length;
    for (let i = length - 1; i >= 0; i--) {
      capacity[path[i]!]! -= sent;
      capacity[path[i]! ^ 1]! += sent;
      if (capacity[path[i]!] === 0) full = i;
    }
    return full;
  }
}
