/** The paper's planner: replicas by load (Eq. 1), placed by maximum rank overlap, shared evenly by the dispatcher. */

import { placeLayers } from "../placement/placeLayers.ts";
import type { LayerPlacement } from "../placement.ts";
import type { ExpertPlanner } from "./elasticSystem.ts";
import { evenLayerCosting } from "./evenPlanCost.ts";

/** Plans as Lazarus does (sections 4.1 and 4.2); layers with the very same loads share a placement. */
export function lazarusPlanner(minReplicas: number): ExpertPlanner {
  return {
    plan(loads, cluster) {
      const distinct = [...new Set(loads)];
      const { layers } = placeLayers({
        cluster,
        layers: distinct.map((layerLoads, layer) => ({ layer, loads: layerLoads })),
        minReplicas,
        allocation: "lazarus",
        placement: "mro",
      });
      const placed = new Map(distinct.map((layerLoads, i) => [layerLoads, layers[i] as LayerPlacement]));
      return loads.map((layerLoads) => placed.get(layerLoads) as LayerPlacement);
    },
    costing: evenLayerCosting,
  };
}
