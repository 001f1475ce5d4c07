import { FlowNetwork } from "../../algorithms/flow.ts";
import type { Rank } from "./ranks.ts";

/**
 * Fills the free slots with further replicas: first until every expert has `minHosts` distinct nodes (a maximum flow from experts
 * to nodes with room), then one at a time for the expert with the most load per replica, on the roomiest node that does not hold
 * it, and last on any node.
 * @param held experts on each rank, shape [ranks][replicas]; filled in place
 * @returns whether every expert got its hosts; if not, nothing is filled
 */
export function fillSpareSlots(held: number[][], loads: readonly number[], ranks: readonly Rank[], minHosts: number): boolean {
  const ranksOfNode: number[][] = [];
  ranks.forEach(({ node }, rank) => {
    while (ranksOfNode.length <= node) ranksOfNode.push([]);
    ranksOfNode[node]!.push(rank);
  });
  const free = ranks.map((rank, r) => rank.slots - held[r]!.length);
  const room = ranksOfNode.map((members) => members.reduce((sum, rank) => sum + free[rank]!, 0));
  const hosts = loads.map(() => new Set<number>());
  const copies = loads.map(() => 0);
  const count = (expert: number, node: number) => {
    hosts[expert]!.add(node);
    copies[expert]!++;
  };
  held.forEach((experts, rank) => {
    for (const expert of experts) count(expert, ranks[rank]!.node);
  });
  const put = (expert: number, node: number) => {
    const rank = ranksOfNode[node]!.reduce((best, other) => (free[other]! > free[best]! ? other : best));
    held[rank]!.push(expert);
    free[rank]!--;
    room[node]!--;
    count(expert, node);
  };

  const missing = missingHosts(hosts, room, minHosts);
  if (missing === undefined) return false;
  for (const [expert, node] of missing) put(expert, node);

  const mostLoaded = (experts: Iterable<number>) => {
    let best = -1;
    for (const expert of experts) {
      if (best < 0 || loads[expert]! * copies[best]! > loads[best]! * copies[expert]!) best = expert;
    }
    return best;
  };
  const roomiest = (passes: (node: number) => boolean) =>
    room.reduce((best, own, node) => (own > 0 && passes(node) && (best < 0 || own > room[best]!) ? node : best), -1);
  const spreading = new Set(loads.keys());
  while (spreading.size > 0) {
    const expert = mostLoaded(spreading);
    const node = roomiest((candidate) => !hosts[expert]!.has(candidate));
    if (node < 0) spreading.delete(expert);
    else put(expert, node);
  }
  for (let node = roomiest(() => true); node >= 0; node = roomiest(() => true)) put(mostLoaded(loads.keys()), node);
  return true;
}

/** Experts and the nodes they go to so that each has `minHosts` hosts; undefined when the room does not allow it. */
function missingHosts(
  hosts: readonly Set<number>[],
  room: readonly number[],
  minHosts: number,
): [expert: number, node: number][] | undefined {
  const experts = hosts.length;
  const source = experts + room.length;
  const sink = source + 1;
  const network = new FlowNetwork(sink + 1);
  let missing = 0;
  const choices: [edge: number, expert: number, node: number][] = [];
  hosts.forEach((own, expert) => {
    const need = Math.max(minHosts - own.size, 0);
    if (need === 0) return;
    missing += need;
    network.addEdge(source, expert, need);
    room.forEach((free, node) => {
      if (free > 0 && !own.has(node)) choices.push([network.addEdge(expert, experts + node, 1), expert, node]);
    });
  });
  room.forEach((free, node) => {
    network.addEdge(experts + node, sink, free);
  });
  if (network.maxFlow(source, sink) < missing) return undefined;
  return choices.flatMap(([edge, expert, node]) => (network.flow(edge) > 0 ? [[expert, node] as [number, number]] : []));
}
