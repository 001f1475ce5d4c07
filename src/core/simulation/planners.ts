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

/** Most nodes for which host sets are searched for goodput; beyond, that takes seconds a plan. Only nodes of one GPU: the search balances nodes. */
const MOST_GOODPUT_NODES = 24;

/** What is known beforehand of a job's failures. */
export interface ExpectedFailures {
  /** Expected seconds between two failures of the job. */
  readonly secondsBetween: number;
  /** Whether nodes fail one by one; otherwise some go together, as spot instances and the nodes of a rack do. */
  readonly areIndependent: boolean;
}

/**
 * Nodes beside the first one that a failure takes with it, where failures are not independent: in the spot instance trace that the
 * paper replays, 79 preemptions take 2.1 nodes each on average.
 */
const NODES_TAKEN_ALONG = 1;

/**
 * The toolkit's planner: placement `resilient` at effort `fast`, balanced dispatch. It goes for goodput, or, on large clusters and
 * with several GPUs a node, for survival with the busiest GPU within 2 % of the mean. Failures in the time of a reconfiguration count as one.
 */
export function resilientPlanner(
  job: Pick<Job, "model" | "hardware" | "gradientAccumulation">,
  { secondsBetween, areIndependent }: ExpectedFailures,
): ExpertPlanner {
  const { model, hardware } = job;
  return planner(
    (cluster, layers) => {
      const copies = model.layers / layers.length;
      const nodes = cluster.length;
      const aim =
        nodes > MOST_GOODPUT_NODES || hardware.gpusPerNode > 1
          ? { objective: "survival" as const }
          : {
              objective: "goodput" as const,
              training: costsOfLayers(trainingCosts(job, nodes, secondsBetween), copies, job),
            };
      return makePlacement(cluster, layers, { ...resilientPolicy(job, { secondsBetween, areIndependent }, nodes), ...aim })
        .layers;
    },
    model.dispatchIsAllRemote ? allRemoteLayerCosting : freeLayerCosting,
  );
}

/** The policy of the toolkit's planner but for what it is after. */
export function resilientPolicy(
  { model, hardware }: Pick<Job, "model" | "hardware">,
  { secondsBetween, areIndependent }: ExpectedFailures,
  nodes: number,
): Policy {
  return {
    placement: "resilient",
    allocation: "lazarus",
    minReplicas: model.minReplicas,
    // Given that some node fails, so likely is it that any other does too.
    failureProbability: areIndependent
      ? 1 - Math.exp(-hardware.recovery.reconfigureSeconds / secondsBetween / nodes)
      : Math.min(0.5, NODES_TAKEN_ALONG / nodes),
    effort: "fast",
    seed: 0,
  };
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
