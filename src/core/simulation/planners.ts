/** Planners for elastic systems: how experts are placed, and what the dispatcher makes of it. */

import { evenLayerCosting, type LayerCosting } from "../cost/evenPlanCost.ts";
import { allRemoteLayerCosting, freeLayerCosting } from "../cost/freePlanCost.ts";
import type { ModelSpec } from "../cost/modelSpec.ts";
import { type TrainingCosts, trainingCosts } from "../cost/trainingCosts.ts";
import type { ClusterNode } from "../layout/cluster.ts";
import type { LayerLoads, LayerPlacement } from "../layout/placement.ts";
import { makePlacement } from "../placement/makePlacement.ts";
import { placeLayers } from "../placement/placeLayers.ts";
import type { Policy, Shares } from "../placement/policy.ts";
import { checkPlacementSize } from "../placement/sizeLimits.ts";
import type { ExpertPlanner } from "./elasticPlan.ts";
import type { Job } from "./job.ts";

/** The paper's planner: replicas by load (Eq. 1), maximum rank overlap, equal shares (sections 4.1 and 4.2). */
export function lazarusPlanner(minReplicas: number): ExpertPlanner {
  const rules = { minReplicas, allocation: "lazarus", placement: "mro" } as const;
  return planner((cluster, layers) => placeLayers({ cluster, layers, ...rules }).layers, evenLayerCosting);
}

/** Most nodes for which host sets are searched for goodput; beyond, that takes seconds a plan. */
const MOST_GOODPUT_NODES = 24;

/**
 * The toolkit's planner: placement `resilient` at effort `fast`, balanced dispatch. It goes for goodput, or, on large clusters,
 * for survival with the busiest GPU within 2 % of the mean. Nodes fail independently; failures in the time of a
 * reconfiguration count as one.
 * @param secondsBetweenFailures expected seconds between two failures of the job
 */
export function resilientPlanner(
  job: Pick<Job, "model" | "hardware" | "gradientAccumulation">,
  secondsBetweenFailures: number,
): ExpertPlanner {
  const { model, hardware } = job;
  return planner(
    (cluster, layers) => {
      const copies = model.layers / layers.length;
      const nodes = cluster.length;
      const failureProbability = 1 - Math.exp(-hardware.recovery.reconfigureSeconds / secondsBetweenFailures / nodes);
      const aim =
        nodes > MOST_GOODPUT_NODES
          ? { objective: "survival" as const }
          : {
              objective: "goodput" as const,
              training: costsOfLayers(trainingCosts(job, nodes, secondsBetweenFailures), copies, job),
            };
      return makePlacement(cluster, layers, {
        placement: "resilient",
        allocation: "lazarus",
        minReplicas: model.minReplicas,
        failureProbability,
        effort: "fast",
        seed: 0,
        ...aim,
      }).layers;
    },
    model.dispatchIsAllRemote ? allRemoteLayerCosting : freeLayerCosting,
  );
}

/** A job's figures for a plan of a few layers, each of which stands for several. */
function costsOfLayers(costs: TrainingCosts, copies: number, { model }: Pick<Job, "model">): TrainingCosts {
  const { perCompute, perTraffic, perSync } = costs;
  const remote = model.dispatchIsAllRemote ? perTraffic : 0;
  return {
    ...costs,
    perCompute: copies * (perCompute + remote),
    perTraffic: copies * (perTraffic - remote),
    perSync: copies * perSync,
  };
}

/** Places by any policy, and costs plans for the shares that they count on. */
export function policyPlanner(policy: Policy, shares: Shares, model: Pick<ModelSpec, "dispatchIsAllRemote">): ExpertPlanner {
  const free = model.dispatchIsAllRemote ? allRemoteLayerCosting : freeLayerCosting;
  return planner((cluster, layers) => makePlacement(cluster, layers, policy).layers, shares === "free" ? free : evenLayerCosting);
}

/** Layers with the very same loads share a placement: studies without a routing log have one for all. */
function planner(
  place: (cluster: readonly ClusterNode[], layers: readonly LayerLoads[]) => readonly LayerPlacement[],
  costing: (cluster: readonly ClusterNode[], layer: LayerPlacement) => LayerCosting,
): ExpertPlanner {
  return {
    plan(loads, cluster) {
      const distinct = [...new Set(loads)];
      checkPlacementSize(cluster, distinct.length);
      const layers = place(
        cluster,
        distinct.map((layerLoads, layer) => ({ layer, loads: layerLoads })),
      );
      const placed = new Map(distinct.map((layerLoads, i) => [layerLoads, layers[i]!]));
      return loads.map((layerLoads) => placed.get(layerLoads)!);
    },
    costing,
  };
}
