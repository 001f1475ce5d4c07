import { FlowNetwork } from "../../flow.ts";
import type { Rank } from "./ranks.ts";

/**
 * Fills the free slots with further replicas: first until every expert has `minHosts` distinct nodes (a maximum flow from experts
 * to nodes with room), then one at a time for the expert with the most load per replica, on a node that does not hold
 * it where there is one.
 * @param held experts on each rank, shape [ranks][replicas]; filled in place
 * @returns whether every expert got its hosts; if not, nothing is filled
 */
export function fillSpareSlots(held: number[][], loads: readonly number[], ranks: readonly Rank[], minHosts: number): boolean {
  const nodes = ranks.reduce((most, rank) => Math.max(most, rank.node + 1), 0);
  const hosts = loads.map(() => new Set<number>());
  const copies = loads.map(() => 0);
  held.forEach((experts, rank) => {
    for (const expert of experts) {
      hosts[expert]!.add(ranks[rank]!.node);
      copies[expert]!++;
    }
  });
  const room = new Array<number>(nodes).fill(0);
  held.forEach((experts, rank) => {
    room[ranks[rank]!.node]! += ranks[rank]!.slots - experts.length;
  });

  const added = missingHosts(hosts, room, minHosts);
  if (added === undefined) return false;
  const put = (expert: number, rank: number) => {
    held[rank]!.push(expert);
    hosts[expert]!.add(ranks[rank]!.node);
    copies[expert]!++;
  };
  const roomyRank = (node: number) => ranks.findIndex((rank, r) => rank.node === node && held[r]!.length < rank.slots);
  for (const [expert, node] of added) put(expert, roomyRank(node));

  const perCopy = (expert: number) => loads[expert]! / copies[expert]!;
  ranks.forEach((rank, r) => {
    while (held[r]!.length < rank.slots) {
      const candidates = loads.map((_, expert) => expert);
      const elsewhere = candidates.filter((expert) => !hosts[expert]!.has(rank.node));
      put(
        (elsewhere.length > 0 ? elsewhere : candidates).reduce((best, e) => (perCopy(e) > perCopy(best) ? e : best)),
        r,
      );
    }
  });
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
