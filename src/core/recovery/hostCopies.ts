/** Copies of experts in the host memory of nodes, which fails with its node. */
import { allHostSets, hostSets, type Placement } from "../layout/placement.ts";

/**
 * Nodes whose host memory keeps each expert: all that the nodes held of which it keeps copies, shape [layers][experts][nodes].
 * @param keeps nodes of the placement whose experts each node keeps, shape [nodes][nodes]
 */
export function hostCopies({ layers }: Placement, keeps: readonly (readonly number[])[]): number[][][] {
  return layers.map((layer) => {
    const hosts = hostSets(layer).map((nodes) => new Set(nodes));
    return hosts.map((own) => [...keeps.keys()].filter((keeper) => keeps[keeper]!.some((node) => own.has(node))));
  });
}

/**
 * Every node keeps what the nodes before it in the plan hold, round the end, shape [nodes][copies].
 * @param copies how many nodes before it
 * @throws RangeError when there are not as many other nodes
 */
export function neighbourCopies(nodes: number, copies = 1): number[][] {
  if (copies >= nodes && nodes > 1) throw new RangeError(`${nodes} nodes cannot keep ${copies} copies on nodes after each`);
  return Array.from({ length: nodes }, (_, node) =>
    Array.from({ length: copies }, (_, back) => (node + nodes - 1 - back) % nodes).sort((a, b) => a - b),
  );
}

/** Nodes that have each expert in a slot or in host memory, ascending, shape [layers][experts][nodes]. */
export function withHostCopies(placement: Placement, keeps: readonly (readonly number[])[]): number[][][] {
  const copies = hostCopies(placement, keeps);
  return allHostSets(placement).map((experts, layer) =>
    experts.map((hosts, expert) => [...new Set([...hosts, ...copies[layer]![expert]!])].sort((a, b) => a - b)),
  );
}
