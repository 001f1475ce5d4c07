/** Which rank computes how many tokens of each expert, so that they travel least within a limit on every rank's load. */
import { leastCostFlow } from "../algorithms/leastCostFlow.ts";
import type { Routing } from "./routing.ts";

/**
 * Tokens of each expert that each of its hosts computes: no rank above the limit, and as few tokens as can be leave their
 * rank; among such shares as few as can be leave their node, and then their domain. Exact.
 *
 * A group of ranks that computes y tokens of an expert of which T come from the group takes max(0, y - T) of them from
 * outside, and local tokens first achieves that for the groups of all levels at once. So sources need no vertices: an
 * expert's tokens flow down the tree of its hosts' groups, into each group T of them free and the others at the
 * level's price.
 * @param loads tokens of each expert over all source ranks, shape [experts]
 * @param hosts ranks that hold each expert, ascending, shape [experts][hosts]
 * @param limit most tokens that a rank may compute; large enough for all tokens to fit
 * @param levels partitions of the ranks, finest first, as `rankGroups` gives them
 * @returns shape [experts][hosts]
 */
export function nearestShares(
  routing: Routing,
  loads: Float64Array,
  hosts: readonly (readonly number[])[],
  limit: number,
  levels: readonly Int32Array[],
): Float64Array[] {
  const { experts, ranks, tokens } = routing;
  const network = new TokenNetwork(ranks, limit, levels, hosts);
  for (let expert = 0; expert < experts; expert++) {
    network.addExpert(hosts[expert]!, tokens.subarray(expert * ranks, (expert + 1) * ranks), loads[expert]!);
  }
  return network.shares(hosts);
}

/** The network under construction. Vertices: ranks, then source and sink, then experts and the groups of their hosts. */
class TokenNetwork {
  readonly #levels: readonly Int32Array[];
  readonly #source: number;
  readonly #sink: number;
  /** What leaving a group of each level costs a token. */
  readonly #price: readonly number[];
  readonly #from: Int32Array;
  readonly #to: Int32Array;
  readonly #capacity: Float64Array;
  readonly #cost: Float64Array;
  #arcs = 0;
  #vertices: number;
  /** First arc into each host's rank and the one after the last, in the order of experts and hosts. */
  readonly #hostArcs: number[] = [];
  /** Tokens of the present expert from each group, shape [levels][groups]. */
  readonly #fromGroup: readonly Float64Array[];

  constructor(ranks: number, limit: number, levels: readonly Int32Array[], hosts: readonly (readonly number[])[]) {
    this.#levels = levels;
    this.#source = ranks;
    this.#sink = ranks + 1;
    this.#vertices = ranks + 2;
    // A tree of groups has fewer branching groups than hosts; each host and each of these has an arc a level and one more.
    const hostCount = hosts.reduce((sum, list) => sum + list.length, 0);
    const most = ranks + hosts.length + 2 * hostCount * (levels.length + 1);
    this.#from = new Int32Array(most);
    this.#to = new Int32Array(most);
    this.#capacity = new Float64Array(most);
    this.#cost = new Float64Array(most);
    // Finer levels come first: their price exceeds what any cycle can make up with coarser levels' prices.
    this.#price = levels.map((_, level) => (ranks + most) ** (levels.length - 1 - level));
    this.#fromGroup = levels.map(() => new Float64Array(ranks));
    for (let rank = 0; rank < ranks; rank++) this.#addArc(rank, this.#sink, limit, 0);
  }

  addExpert(hosts: readonly number[], tokens: Float64Array, load: number): void {
    this.#levels.forEach((groups, level) => {
      const sums = this.#fromGroup[level]!.fill(0);
      for (let rank = 0; rank < tokens.length; rank++) sums[groups[rank]!]! += tokens[rank]!;
    });
    const root = this.#vertices++;
    this.#addArc(this.#source, root, load, 0);
    const first = this.#hostArcs.length;
    for (const _ of hosts) this.#hostArcs.push(0, 0);
    this.#addGroups(
      root,
      hosts,
      Array.from(hosts.keys(), (host) => first + 2 * host),
      this.#levels.length - 1,
      load,
    );
  }

  /**
   * Adds the groups of a level that these hosts are in, as children of a vertex. Groups with one child only need no vertex:
   * their prices are added to the child's.
   * @param places where the arcs of each host are recorded
   */
  #addGroups(parent: number, hosts: readonly number[], places: readonly number[], level: number, load: number): void {
    const groups = this.#levels[level]!;
    for (let i = 0; i < hosts.length; i++) {
      const group = groups[hosts[i]!]!;
      let isFirst = true;
      for (let before = 0; before < i && isFirst; before++) isFirst = groups[hosts[before]!] !== group;
      if (!isFirst) continue;
      const members = hosts.filter((rank) => groups[rank] === group);
      let finest = level;
      while (finest > 0 && this.#together(members, finest - 1)) finest--;
      const vertex = finest === 0 ? members[0]! : this.#vertices++;
      const firstArc = this.#arcs;
      this.#addSteps(parent, vertex, members[0]!, finest, level, load);
      const memberPlaces = places.filter((_, k) => groups[hosts[k]!] === group);
      if (finest === 0) {
        this.#hostArcs[memberPlaces[0]!] = firstArc;
        this.#hostArcs[memberPlaces[0]! + 1] = this.#arcs;
      } else this.#addGroups(vertex, members, memberPlaces, finest - 1, load);
    }
  }

  /** Arcs into a group: tokens of its own free, those of each wider group at the price of leaving the narrower ones. */
  #addSteps(parent: number, vertex: number, rank: number, finest: number, coarsest: number, load: number): void {
    let within = 0;
    let price = 0;
    for (let level = finest; level <= coarsest; level++) {
      const tokens = this.#fromGroup[level]![this.#levels[level]![rank]!]!;
      if (tokens > within) this.#addArc(parent, vertex, tokens - within, price);
      within = tokens;
      price += this.#price[level]!;
    }
    this.#addArc(parent, vertex, load, price);
  }

  #together(hosts: readonly number[], level: number): boolean {
    const groups = this.#levels[level]!;
    return hosts.every((rank) => groups[rank] === groups[hosts[0]!]);
  }

  #addArc(from: number, to: number, capacity: number, cost: number): void {
    this.#from[this.#arcs] = from;
    this.#to[this.#arcs] = to;
    this.#capacity[this.#arcs] = capacity;
    this.#cost[this.#arcs++] = cost;
  }

  /** Solves the network. */
  shares(hosts: readonly (readonly number[])[]): Float64Array[] {
    const network = {
      vertices: this.#vertices,
      from: this.#from.subarray(0, this.#arcs),
      to: this.#to.subarray(0, this.#arcs),
      capacity: this.#capacity.subarray(0, this.#arcs),
      cost: this.#cost.subarray(0, this.#arcs),
    };
    const flow = leastCostFlow(network, this.#source, this.#sink);
    let place = 0;
    return hosts.map((list) =>
      Float64Array.from(list, () => {
        let sum = 0;
        for (let arc = this.#hostArcs[place]!; arc < this.#hostArcs[place + 1]!; arc++) sum += flow[arc]!;
        place += 2;
        return sum;
      }),
    );
  }
}
