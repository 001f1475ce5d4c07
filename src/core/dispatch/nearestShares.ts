/** Which rank computes how many tokens of each expert, so that they travel least within a limit on every rank's load. */
import { leastCostFlow } from "../leastCostFlow.ts";
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
  const { experts, ranks } = routing;
  const width = levels.length;
  const mostArcs = ranks + experts + 2 * width * hosts.reduce((sum, list) => sum + list.length, 0);
  const from = new Int32Array(mostArcs);
  const to = new Int32Array(mostArcs);
  const capacity = new Float64Array(mostArcs);
  const cost = new Float64Array(mostArcs);
  let arcs = 0;
  const addArc = (tail: number, head: number, most: number, price: number) => {
    from[arcs] = tail;
    to[arcs] = head;
    capacity[arcs] = most;
    cost[arcs++] = price;
  };
  // Vertices: ranks, then source and sink, then experts and the groups of their hosts.
  const [source, sink] = [ranks, ranks + 1];
  let vertices = ranks + 2;
  // Finer levels come first: their price exceeds what any cycle can make up with coarser levels' prices.
  const mostVertices = vertices + mostArcs;
  const price = levels.map((_, level) => mostVertices ** (width - 1 - level));
  const groupVertex = new Int32Array(ranks).fill(-1);
  const groupTokens = new Float64Array(ranks);
  for (let rank = 0; rank < ranks; rank++) addArc(rank, sink, limit, 0);
  const firstArc = hosts.map((list, expert) => {
    const tokens = routing.tokens.subarray(expert * ranks, (expert + 1) * ranks);
    const load = loads[expert]!;
    const root = vertices++;
    addArc(source, root, load, 0);
    const above = new Int32Array(list.length).fill(root);
    for (let level = width - 1; level >= 1; level--) {
      const groups = levels[level]!;
      groupTokens.fill(0);
      for (let rank = 0; rank < ranks; rank++) groupTokens[groups[rank]!]! += tokens[rank]!;
      list.forEach((rank, host) => {
        const group = groups[rank]!;
        if (groupVertex[group] === -1) {
          groupVertex[group] = vertices++;
          addArc(above[host]!, groupVertex[group]!, groupTokens[group]!, 0);
          addArc(above[host]!, groupVertex[group]!, load, price[level]!);
        }
        above[host] = groupVertex[group]!;
      });
      for (const rank of list) groupVertex[groups[rank]!] = -1;
    }
    const first = arcs;
    list.forEach((rank, host) => {
      addArc(above[host]!, rank, tokens[rank]!, 0);
      addArc(above[host]!, rank, load, price[0]!);
    });
    return first;
  });
  const network = {
    vertices,
    from: from.subarray(0, arcs),
    to: to.subarray(0, arcs),
    capacity: capacity.subarray(0, arcs),
    cost: cost.subarray(0, arcs),
  };
  const flow = leastCostFlow(network, source, sink);
  return hosts.map((list, expert) =>
    Float64Array.from(list, (_, host) => flow[firstArc[expert]! + 2 * host]! + flow[firstArc[expert]! + 2 * host + 1]!),
  );
}
