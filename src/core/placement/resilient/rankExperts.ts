/** Experts by tokens, so that a search does not depend on the order in which a layer lists them. */
import { FREE_SLOT, type LayerPlacement } from "../../layout/placement.ts";
import type { ResilientProblem } from "./problem.ts";
import type { LayerHosts } from "./search/placeInCells.ts";

/** A problem whose layers list their experts by tokens, most first. */
export interface RankedProblem {
  readonly problem: ResilientProblem;
  /** Host sets of the ranked problem in the order of the given one. */
  unranked(hosts: LayerHosts): LayerHosts;
  /** A plan of the given problem as one of the ranked problem. */
  ranked(layers: readonly LayerPlacement[]): LayerPlacement[];
  /** A plan of the ranked problem as one of the given problem. */
  unrankedLayers(layers: readonly LayerPlacement[]): LayerPlacement[];
  /** Figures of the ranked problem's layers in the order of the given one. */
  inOrder(figures: readonly number[]): number[];
}

/** Ranks the experts of every layer, and the layers by their loads. Those with equal tokens change places at will: they are alike. */
export function rankExperts(problem: ResilientProblem): RankedProblem {
  const experts = problem.layers.map(({ loads }) => Array.from(loads.keys()).sort((a, b) => loads[b]! - loads[a]! || a - b));
  const ranked = problem.layers.map((layer, l) => ({ ...layer, loads: experts[l]!.map((expert) => layer.loads[expert]!) }));
  const order = Array.from(ranked.keys()).sort((a, b) => compareLoads(ranked[a]!.loads, ranked[b]!.loads) || a - b);
  return {
    problem: { ...problem, layers: order.map((l) => ranked[l]!) },
    unranked: (hosts) =>
      listed(
        hosts.map((sets, at) => listed(sets, experts[order[at]!]!)),
        order,
      ),
    ranked: (placed) =>
      order.map((l) => {
        const { loads, replicas } = placed[l]!;
        const rank: number[] = [];
        experts[l]!.forEach((expert, at) => {
          rank[expert] = at;
        });
        const byRank = (list: readonly number[]) => experts[l]!.map((expert) => list[expert]!);
        return renamed(placed[l]!, byRank(loads), byRank(replicas), rank);
      }),
    unrankedLayers: (placed) =>
      listed(
        placed.map((layer, at) => {
          const own = experts[order[at]!]!;
          return renamed(layer, listed(layer.loads, own), listed(layer.replicas, own), own);
        }),
        order,
      ),
    inOrder: (figures) => listed(figures, order),
  };
}

/** Layers with more tokens on their hottest experts first; where one has all that another has and more, that one. */
function compareLoads(one: readonly number[], other: readonly number[]): number {
  const at = one.findIndex((load, i) => load !== other[i]);
  return at < 0 ? other.length - one.length : (other[at] ?? -1) - one[at]!;
}

/** What is listed by rank in the order of what is ranked. */
function listed<T>(byRank: readonly T[], experts: readonly number[]): T[] {
  const list: T[] = [];
  experts.forEach((expert, rank) => {
    list[expert] = byRank[rank]!;
  });
  return list;
}

function renamed(layer: LayerPlacement, loads: number[], replicas: number[], name: readonly number[]): LayerPlacement {
  const nodes = layer.nodes.map((slots) => slots.map((expert) => (expert === FREE_SLOT ? FREE_SLOT : name[expert]!)));
  return { ...layer, loads, replicas, nodes };
}
