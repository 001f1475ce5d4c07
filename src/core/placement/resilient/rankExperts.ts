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
}

/** Ranks the experts of every layer. Experts with equal tokens change places at will: they are alike. */
export function rankExperts(problem: ResilientProblem): RankedProblem {
  const experts = problem.layers.map(({ loads }) => Array.from(loads.keys()).sort((a, b) => loads[b]! - loads[a]! || a - b));
  const layers = problem.layers.map((layer, l) => ({ ...layer, loads: experts[l]!.map((expert) => layer.loads[expert]!) }));
  return {
    problem: { ...problem, layers },
    unranked: (hosts) => hosts.map((sets, l) => listed(sets, experts[l]!)),
    ranked: (placed) =>
      placed.map((layer, l) => {
        const rank: number[] = [];
        experts[l]!.forEach((expert, at) => {
          rank[expert] = at;
        });
        return renamed(
          layer,
          experts[l]!.map((expert) => layer.loads[expert]!),
          experts[l]!.map((expert) => layer.replicas[expert]!),
          rank,
        );
      }),
    unrankedLayers: (placed) =>
      placed.map((layer, l) =>
        renamed(layer, listed(layer.loads, experts[l]!), listed(layer.replicas, experts[l]!), experts[l]!),
      ),
  };
}

/** What is listed by rank in the order of experts. */
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
