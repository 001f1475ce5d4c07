/** Experts by tokens, so that a search does not depend on the order in which a layer lists them. */
import type { LayerHosts } from "./placeInCells.ts";
import type { ResilientProblem } from "./problem.ts";

/** A problem whose layers list their experts by tokens, most first. */
export interface RankedProblem {
  readonly problem: ResilientProblem;
  /** Host sets of the ranked problem in the order of the given one. */
  unranked(hosts: LayerHosts): LayerHosts;
}

/** Ranks the experts of every layer. Experts with equal tokens change places at will: they are alike. */
export function rankExperts(problem: ResilientProblem): RankedProblem {
  const experts = problem.layers.map(({ loads }) => Array.from(loads.keys()).sort((a, b) => loads[b]! - loads[a]! || a - b));
  const layers = problem.layers.map((layer, l) => ({ ...layer, loads: experts[l]!.map((expert) => layer.loads[expert]!) }));
  return {
    problem: { ...problem, layers },
    unranked: (hosts) =>
      hosts.map((sets, l) => {
        const listed: (readonly number[])[] = [];
        experts[l]!.forEach((expert, rank) => {
          listed[expert] = sets[rank]!;
        });
        return listed;
      }),
  };
}
