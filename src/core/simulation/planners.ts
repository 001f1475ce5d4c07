/** Planners for elastic systems: how experts are placed, and what the dispatcher makes of it. */
import type { ClusterNode } from "../cluster.ts";
import { makePlacement, type Policy, sharesOf } from "../placement/makePlacement.ts";
import { placeLayers } from "../placement/placeLayers.ts";
import type { LayerLoads, LayerPlacement } from "../placement.ts";
import type { ExpertPlanner } from "./elasticSystem.ts";
import { evenLayerCosting, type LayerCosting } from "./evenPlanCost.ts";
import { freeLayerCosting } from "./freePlanCost.ts";

/** The paper's planner: replicas by load (Eq. 1), maximum rank overlap, equal shares (sections 4.1 and 4.2). */
export function lazarusPlanner(minReplicas: number): ExpertPlanner {
  const rules = { minReplicas, allocation: "lazarus", placement: "mro" } as const;
  return planner((cluster, layers) => placeLayers({ cluster, layers, ...rules }).layers, evenLayerCosting);
}

/** A planner by any placement policy, with the dispatch that the policy counts on. */
export function policyPlanner(policy: Policy): ExpertPlanner {
  const costing = sharesOf(policy) === "free" ? freeLayerCosting : evenLayerCosting;
  return planner((cluster, layers) => makePlacement(cluster, layers, policy).layers, costing);
}

/** Layers with the very same loads share a placement: studies without a routing log have one for all. */
function planner(
  place: (cluster: readonly ClusterNode[], layers: readonly LayerLoads[]) => readonly LayerPlacement[],
  costing: (cluster: readonly ClusterNode[], layer: LayerPlacement) => LayerCosting,
): ExpertPlanner {
  return {
    plan(loads, cluster) {
      const distinct = [...new Set(loads)];
      const layers = place(
        cluster,
        distinct.map((layerLoads, layer) => ({ layer, loads: layerLoads })),
      );
      const placed = new Map(distinct.map((layerLoads, i) => [layerLoads, layers[i] as LayerPlacement]));
      return loads.map((layerLoads) => placed.get(layerLoads) as LayerPlacement);
    },
    costing,
  };
}
