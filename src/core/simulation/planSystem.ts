/** A system that starts from a plan of the user's and goes on by a policy. */
import type { ClusterNode } from "../layout/cluster.ts";
import type { LayerPlacement } from "../layout/placement.ts";
import type { Policy, Shares } from "../placement/policy.ts";
import { costedPlan, elasticPlan } from "./elasticPlan.ts";
import { elasticSystem } from "./elasticSystem.ts";
import type { PlannedJob } from "./job.ts";
import { placedLayout } from "./jobIteration.ts";
import { newPlans } from "./planBook.ts";
import { policyPlanner } from "./planners.ts";
import { planTransfers } from "./planTransfers.ts";
import type { TrainingSystem } from "./trainingSystem.ts";

/** A plan, and what to do when it no longer fits. */
export interface GivenPlan {
  readonly name: string;
  /** Nodes alike. */
  readonly cluster: readonly ClusterNode[];
  /** Layers with experts; those of the model beyond them go through them again. */
  readonly layers: readonly LayerPlacement[];
  readonly policy: Policy;
  readonly shares: Shares;
  /** Whether the job's loads are those that the plan was made for: it stays the plan for its number of nodes. */
  readonly isForLoads: boolean;
}

/** Builds the system. */
export function planSystem(given: GivenPlan, job: PlannedJob): TrainingSystem {
  const { model, hardware } = job;
  const planner = policyPlanner(given.policy, given.shares, model);
  const layers = Array.from({ length: model.layers }, (_, l) => given.layers[l % given.layers.length]!);
  const startPlan = costedPlan(planner, model, given.cluster, layers);
  const anew = newPlans((nodes, window) => elasticPlan(planner, model, hardware, nodes, window));
  return elasticSystem({
    name: given.name,
    fewestNodes: Math.ceil(model.experts / model.slotsPerNode),
    plans: (nodes, window) => (given.isForLoads && nodes === startPlan.nodes ? startPlan : anew(nodes, window)),
    startPlan,
    transfers: job.constantPauses === true ? undefined : planTransfers(job),
    skipsIdleRebalances: true,
    layout: placedLayout(given.name, job),
  });
}
