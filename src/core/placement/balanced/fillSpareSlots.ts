import { FlowNetwork } from "../../algorithms/flow.ts";
import { LowestFirst } from "../eplb/lowestFirst.ts";
import type { Rank } from "./ranks.ts";

/**
 * Fills the free slots with further replicas: first until every expert has `minHosts` distinct nodes, then GPU by GPU with the
 * expert that has the most load per replica, of those that the node lacks, or else that the GPU lacks.
 * @param held experts on each rank, none twice, shape [ranks][replicas]; filled in place
 * @param ranks GPUs with no more slots than there are experts
 * @returns whether every expert got its hosts; if not, nothing is filled
 */
export function fillSpareSlots(held: number[][], loads: readonly number[], ranks: readonly Rank[], minHosts: number): boolean {
  const experts = loads.length;
  const ranksOfNode: number[][] = [];
  ranks.forEach(({ node }, rank) => {
    while (ranksOfNode.length <= node) ranksOfNode.push([]);
    ranksOfNode[node]!.push(rank);
  });
  const free = ranks.map((rank, r) => rank.slots - held[r]!.length);
  const room = ranksOfNode.map((members) => members.reduce((sum, rank) => sum + free[rank]!, 0));
  const onNode = new Uint8Array(ranksOfNode.length * experts);
  const hosts = new Int32Array(experts);
  const copies = new Int32Array(experts);
  const count = (expert: number, node: number) => {
    if (onNode[node * experts + expert] === 0) hosts[expert]!++;
    onNode[node * experts + expert] = 1;
    copies[expert]!++;
  };
  held.forEach((own, rank) => {
    for (const expert of own) count(expert, ranks[rank]!.node);
  });

  const holds = (expert: number, node: number) => onNode[node * experts + expert] === 1;
  const needs = loads.map((_, expert) => Math.max(minHosts - hosts[expert]!, 0));
  const missing = roomiestHosts(needs, room, holds) ?? hostsByFlow(needs, room, holds);
  if (missing === undefined) return false;
  const put = (expert: number, rank: number) => {
    held[rank]!.push(expert);
    free[rank]!--;
    count(expert, ranks[rank]!.node);
  };
  for (const [expert, node] of missing) {
    put(
      expert,
      ranksOfNode[node]!.reduce((best, other) => (free[other]! > free[best]! ? other : best)),
    );
  }

  const turns = free.reduce((most, own) => Math.max(most, own), 0);
  // The least comes first, so load per replica with its sign turned.
  const keys = Float64Array.from(loads, (load, expert) => -load / Math.max(1, copies[expert]!));
  const byNeed = new LowestFirst(keys);
  for (let turn = 0; turn < turns; turn++) {
    for (let rank = 0; rank < ranks.length; rank++) {
      if (free[rank] === 0) continue;
      const base = ranks[rank]!.node * experts;
      const passed: number[] = [];
      while (byNeed.size > 0 && onNode[base + byNeed.first()] === 1) {
        passed.push(byNeed.first());
        byNeed.removeFirst();
      }
      const best = byNeed.size > 0 ? byNeed.first() : passed.find((expert) => !held[rank]!.includes(expert))!;
      put(best, rank);
      keys[best] = -loads[best]! / copies[best]!;
      if (byNeed.size > 0) byNeed.sink();
      for (const expert of passed) byNeed.insert(expert);
    }
  }
  return true;
}

type Holds = (expert: number, node: number) => boolean;

/** Hosts that are needed, each time the roomiest node that does not hold the expert; undefined where this leads nowhere. */
function roomiestHosts(
  needs: readonly number[],
  room: readonly number[],
  holds: Holds,
): [expert: number, node: number][] | undefined {
  const left = [...room];
  const chosen: [number, number][] = [];
  for (const [expert, need] of needs.entries()) {
    const own = new Set<number>();
    for (let host = 0; host < need; host++) {
      let best = -1;
      for (let node = 0; node < left.length; node++) {
        if (left[node]! > (best < 0 ? 0 : left[best]!) && !own.has(node) && !holds(expert, node)) best = node;
      }
      if (best < 0) return undefined;
      own.add(best);
      left[best]!--;
      chosen.push([expert, best]);
    }
  }
  return chosen;
}

/** Hosts that are needed, by a maximum flow from experts to nodes with room; undefined when the room does not allow it. */
function hostsByFlow(
  needs: readonly number[],
  room: readonly number[],
  holds: Holds,
): [expert: number, node: number][] | undefined {
  const experts = needs.length;
  const source = experts + room.length;
  const sink = source + 1;
  const network = new FlowNetwork(sink + 1);
  const choices: [edge: number, expert: number, node: number][] = [];
  needs.forEach((need, expert) => {
    if (need === 0) return;
    network.addEdge(source, expert, need);
    room.forEach((free, node) => {
      if (free > 0 && !holds(expert, node)) choices.push([network.addEdge(expert, experts + node, 1), expert, node]);
    });
  });
  room.forEach((free, node) => {
    network.addEdge(experts + node, sink, free);
  });
  if (network.maxFlow(source, sink) < needs.reduce((sum, need) => sum + need, 0)) return undefined;
  return choices.flatMap(([edge, expert, node]) => (network.flow(edge) > 0 ? [[expert, node] as [number, number]] : []));
}
