/** Maximum flow by Dinic's algorithm: shortest augmenting paths, a phase of them at a time. */

/**
 * A directed network with capacities. Whole capacities up to 2^53 are handled exactly; fractions to rounding (an augmentation
 * empties its bottleneck exactly either way, so the algorithm ends). Capacities may be Infinity.
 */
export class FlowNetwork {
  // Edge i runs to heads[i]; edge i ^ 1 is its reverse. Edges out of a vertex form a list: first[v], following[i], ..., -1.
  readonly #first: Int32Array;
  #edges = 0;
  #following: Int32Array;
  #heads: Int32Array;
  #residual: Float64Array;
  readonly #level: Int32Array;
  readonly #current: Int32Array;
  readonly #queue: Int32Array;

  /** @param edges how many are expected; there may be more */
  constructor(vertices: number, edges = 32) {
    this.#following = new Int32Array(2 * edges);
    this.#heads = new Int32Array(2 * edges);
    this.#residual = new Float64Array(2 * edges);
    this.#first = new Int32Array(vertices).fill(-1);
    this.#level = new Int32Array(vertices);
    this.#current = new Int32Array(vertices);
    this.#queue = new Int32Array(vertices);
  }

  /**
   * Adds an edge and returns its id.
   * @throws RangeError when an end is not a vertex or the capacity is negative or NaN
   */
  addEdge(from: number, to: number, capacity: number): number {
    if (!(capacity >= 0)) throw new RangeError(`a capacity must not be negative, got ${capacity}`);
    if (this.#first[from] === undefined || this.#first[to] === undefined)
      throw new RangeError(`edge ${from} -> ${to} leaves the network`);
    const edge = this.#edges;
    if (edge >= this.#heads.length) this.#makeRoom();
    this.#edges += 2;
    const [following, heads, first] = [this.#following, this.#heads, this.#first];
    heads[edge] = to;
    heads[edge + 1] = from;
    this.#residual[edge] = capacity;
    following[edge] = first[from]!;
    following[edge + 1] = first[to]!;
    first[from] = edge;
    first[to] = edge + 1;
    return edge;
  }

  #makeRoom(): void {
    const [following, heads, residual] = [this.#following, this.#heads, this.#residual];
    this.#following = new Int32Array(2 * following.length + 2);
    this.#heads = new Int32Array(2 * heads.length + 2);
    this.#residual = new Float64Array(2 * residual.length + 2);
    this.#following.set(following);
    this.#heads.set(heads);
    this.#residual.set(residual);
  }

  /** What an edge still has room for. */
  room(edge: number): number {
    return this.#residual[edge]!;
  }

  /** Sends flow along an edge, within its room; whoever does so before `maxFlow` keeps what enters and leaves every vertex equal. */
  push(edge: number, flow: number): void {
    this.#residual[edge]! -= flow;
    this.#residual[edge ^ 1]! += flow;
  }

  /** Flow on an edge after `maxFlow`. */
  flow(edge: number): number {
    return this.#residual[edge ^ 1]!;
  }

  /**
   * Sends as much more flow from source to sink as fits and returns how much that was.
   * @throws RangeError when source and sink are one, or no capacity limits the flow
   */
  maxFlow(source: number, sink: number): number {
    if (source === sink) throw new RangeError("source and sink must differ");
    let total = 0;
    while (this.#findLevels(source)[sink]! >= 0) {
      this.#current.set(this.#first);
      total += this.#sendOnShortestPaths(source, sink);
    }
    return total;
  }

  /** Which vertices flow could still reach from the source, shape [vertices]: after `maxFlow`, the source side of a least cut. */
  reachable(source: number): boolean[] {
    return Array.from(this.#findLevels(source), (level) => level >= 0);
  }

  /** Distance of each vertex from the source in the residual network, -1 where there is no path. */
  #findLevels(source: number): Int32Array {
    const [first, heads, following, residual, queue] = [this.#first, this.#heads, this.#following, this.#residual, this.#queue];
    const level = this.#level.fill(-1);
    level[source] = 0;
    queue[0] = source;
    for (let done = 0, end = 1; done < end; done++) {
      const vertex = queue[done]!;
      for (let edge = first[vertex]!; edge >= 0; edge = following[edge]!) {
        const head = heads[edge]!;
        if (residual[edge]! > 0 && level[head]! < 0) {
          level[head] = level[vertex]! + 1;
          queue[end++] = head;
        }
      }
    }
    return level;
  }

  /** Sends flow until every shortest path is blocked. Dead ends are skipped for the rest of the phase. */
  #sendOnShortestPaths(source: number, sink: number): number {
    const [current, level, heads, following, residual] = [
      this.#current,
      this.#level,
      this.#heads,
      this.#following,
      this.#residual,
    ];
    const path: number[] = [];
    let vertex = source;
    let total = 0;
    for (;;) {
      const edge = current[vertex]!;
      if (vertex === sink) {
        let sent = Infinity;
        for (let i = 0; i < path.length; i++) sent = Math.min(sent, residual[path[i]!]!);
        if (sent === Infinity) throw new RangeError("no capacity limits the flow");
        // Everything before the first emptied edge still stands.
        let standing = path.length;
        for (let i = path.length - 1; i >= 0; i--) {
          const used = path[i]!;
          residual[used]! -= sent;
          residual[used ^ 1]! += sent;
          if (residual[used] === 0) standing = i;
        }
        total += sent;
        path.length = standing;
        vertex = path.length === 0 ? source : heads[path.at(-1)!]!;
      } else if (edge < 0) {
        const back = path.pop();
        if (back === undefined) return total;
        vertex = heads[back ^ 1]!;
        current[vertex] = following[back]!;
      } else if (residual[edge]! > 0 && level[heads[edge]!] === level[vertex]! + 1) {
        path.push(edge);
        vertex = heads[edge]!;
      } else {
        current[vertex] = following[edge]!;
      }
    }
  }
}
