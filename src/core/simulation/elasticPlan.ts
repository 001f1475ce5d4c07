/** A placement of all layers for a number of nodes, and what a step costs with it. */

import { type LayerCost, type LayerCosting, syncCost } from "../cost/evenPlanCost.ts";
import type { HardwareSpec } from "../cost/hardwareSpec.ts";
import type { ModelSpec } from "../cost/modelSpec.ts";
import type { PlanCost } from "../cost/stepCost.ts";
import { type ClusterNode, uniformCluster } from "../layout/cluster.ts";
import { hostSets, type LayerPlacement } from "../layout/placement.ts";
import type { LoadWindow } from "./loadSchedule.ts";

/** How a system places experts and what its dispatcher makes of a placement. */
export interface ExpertPlanner {
  /**
   * Places the experts of all layers on a cluster that has room for them.
   * @param loads tokens of each expert, shape [layers][experts]
   * @returns one placement a layer; layers may share one
   */
  plan(loads: readonly (readonly number[])[], cluster: readonly ClusterNode[]): readonly LayerPlacement[];
  /** Prepares a layer for costing with any loads. */
  costing(cluster: readonly ClusterNode[], layer: LayerPlacement): LayerCosting;
}

/** A plan for a number of nodes: who they are is a matter of the configuration. */
export interface ElasticPlan {
  readonly nodes: number;
  /** Layers may share a placement. */
  readonly layers: readonly LayerPlacement[];
  /** Places in the plan that hold an expert, over all experts of all distinct layers. */
  hosts(): readonly (readonly number[])[];
  cost(window: LoadWindow): PlanCost;
}

/** Plans for the loads of a window on nodes of one kind. */
export function elasticPlan(
  planner: ExpertPlanner,
  model: ModelSpec,
  hardware: HardwareSpec,
  nodes: number,
  { loads }: LoadWindow,
): ElasticPlan {
  const cluster = uniformCluster(nodes, model.slotsPerNode, hardware.gpusPerNode);
  return costedPlan(planner, model, cluster, planner.plan(loads, cluster));
}

/** A plan that is there already. */
export function costedPlan(
  planner: Pick<ExpertPlanner, "costing">,
  model: ModelSpec,
  cluster: readonly ClusterNode[],
  layers: readonly LayerPlacement[],
): ElasticPlan {
  const nodes = cluster.length;
  const costings = new Map([...new Set(layers)].map((layer) => [layer, planner.costing(cluster, layer)]));
  const sync = syncCost(layers);
  const cached = new Map<number, PlanCost>();
  let hosts: readonly (readonly number[])[] | undefined;

  function costOf(window: LoadWindow): PlanCost {
    let compute = 0;
    let traffic = 0;
    const known = new Map<LayerPlacement, { loads: readonly number[]; cost: LayerCost }>();
    layers.forEach((layer, l) => {
      const layerLoads = window.loads[l]!;
      let last = known.get(layer);
      if (last?.loads !== layerLoads) {
        last = { loads: layerLoads, cost: costings.get(layer)!(layerLoads) };
        known.set(layer, last);
      }
      compute += last.cost.compute;
      traffic += model.dispatchIsAllRemote ? last.cost.compute : last.cost.traffic;
    });
    return { compute, traffic, sync };
  }

  return {
    nodes,
    layers,
    // Most plans are replaced by a rebalance before a failure asks for them.
    hosts: () => {
      hosts ??= [...costings.keys()].flatMap(hostSets);
      return hosts;
    },
    cost(window) {
      let cost = cached.get(window.index);
      if (cost === undefined) {
        cost = costOf(window);
        cached.set(window.index, cost);
      }
      return cost;
    },
  };
}
