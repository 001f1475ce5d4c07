/** The load of the busiest rank when every expert's tokens may be shared among its hosts at will. */

import { FlowNetwork } from "../algorithms/flow.ts";
import { bindingSetByFlow } from "../balance/bindingSetByFlow.ts";
import { captiveLoad, hostedLoads } from "../balance/hostedLoad.ts";

/**
 * The least whole number of tokens that the busiest rank can do with.
 * @param loads tokens of each expert, shape [experts]
 * @param hosts ranks that hold each expert, shape [experts][hosts]
 * @throws RangeError when an expert with tokens has no host
 */
export function leastMaximumLoad(loads: ArrayLike<number>, hosts: readonly (readonly number[])[], ranks: number): number {
  const each = new Array<number>(ranks).fill(1);
  const hosted = hostedLoads(hosts, Array.from(loads), each);
  if (hosted.length === 0) return 0;
  const binding = bindingSetByFlow(hosted, each);
  return Math.ceil(captiveLoad(binding, hosted) / binding.length);
}

/** Whether no rank needs more than a limit. Arguments as above. */
export function fitsLimit(
  loads: ArrayLike<number>,
  hosts: readonly (readonly number[])[],
  ranks: number,
  limit: number,
): boolean {
  const [source, sink] = [ranks, ranks + 1];
  const network = new FlowNetwork(ranks + 2 + hosts.length);
  let total = 0;
  for (let rank = 0; rank < ranks; rank++) network.addEdge(rank, sink, limit);
  hosts.forEach((list, expert) => {
    network.addEdge(source, ranks + 2 + expert, loads[expert]!);
    total += loads[expert]!;
    for (const rank of list) network.addEdge(ranks + 2 + expert, rank, Infinity);
  });
  return network.maxFlow(source, sink) === total;
}
