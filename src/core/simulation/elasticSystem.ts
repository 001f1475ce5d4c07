/** Systems that place expert replicas freely (Lazarus, and the toolkit's own placement) and use every live node. */
import { type ClusterNode, uniformCluster } from "../cluster.ts";
import { hostSets, type LayerPlacement } from "../placement.ts";
import { type LayerCost, type LayerCosting, syncCost } from "./evenPlanCost.ts";
import type { HardwareSpec } from "./hardwareSpec.ts";
import type { LoadWindow } from "./loadSchedule.ts";
import type { ModelSpec } from "./modelSpec.ts";
import type { PlanCost } from "./stepCost.ts";
import type { Configuration, TrainingSystem } from "./trainingSystem.ts";

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

/** An elastic system's parts. */
export interface ElasticOptions {
  readonly name: string;
  readonly model: ModelSpec;
  readonly hardware: HardwareSpec;
  readonly planner: ExpertPlanner;
}

/** A plan for a number of nodes: who they are is a matter of the configuration. */
interface ElasticPlan {
  /** Places in the plan that hold an expert, over all experts of all distinct layers. */
  hosts(): readonly (readonly number[])[];
  cost(window: LoadWindow): PlanCost;
}

interface ElasticConfiguration extends Configuration {
  readonly plan: ElasticPlan;
}

/** A system that re-plans on every change of membership and when asked to follow the loads. */
export function elasticSystem({ name, model, hardware, planner }: ElasticOptions): TrainingSystem {
  const plans = new Map<string, ElasticPlan>();
  const fewestNodes = Math.ceil(model.experts / model.slotsPerNode);

  function planFor(nodes: number, window: LoadWindow): ElasticPlan {
    const key = `${nodes}/${window.index}`;
    let plan = plans.get(key);
    if (plan === undefined) {
      const cluster = uniformCluster(nodes, model.slotsPerNode, hardware.gpusPerNode);
      plan = elasticPlan(planner, cluster, planner.plan(window.loads, cluster), model);
      plans.set(key, plan);
    }
    return plan;
  }

  function configure(live: readonly number[], window: LoadWindow): ElasticConfiguration | undefined {
    if (live.length < fewestNodes) return undefined;
    const plan = planFor(live.length, window);
    return { nodes: live, plan, cost: plan.cost };
  }

  return {
    name,
    start: configure,
    survive(current, live, window) {
      const { nodes, plan } = current as ElasticConfiguration;
      const alive = new Set(live);
      const lives = nodes.map((node) => alive.has(node));
      return plan.hosts().every((set) => set.some((place) => lives[place])) ? configure(live, window) : undefined;
    },
    scaleUp(current, live, window) {
      if (live.length <= current.nodes.length) return undefined;
      const configuration = configure(live, window);
      return configuration && { configuration, by: "reconfigure" };
    },
    rebalance: (current, window) => configure(current.nodes, window) ?? current,
  };
}

function elasticPlan(
  planner: ExpertPlanner,
  cluster: readonly ClusterNode[],
  layers: readonly LayerPlacement[],
  model: ModelSpec,
): ElasticPlan {
  const costings = new Map([...new Set(layers)].map((layer) => [layer, planner.costing(cluster, layer)]));
  const sync = syncCost(layers);
  const cached = new Map<number, PlanCost>();
  let hosts: readonly (readonly number[])[] | undefined;

  function costOf(window: LoadWindow): PlanCost {
    let compute = 0;
    let traffic = 0;
    let previous: { layer: LayerPlacement; loads: readonly number[]; cost: LayerCost } | undefined;
    layers.forEach((layer, l) => {
      const loads = window.loads[l] as readonly number[];
      if (previous?.layer !== layer || previous.loads !== loads) {
        const costing = costings.get(layer) as LayerCosting;
        previous = { layer, loads, cost: costing(loads) };
      }
      compute += previous.cost.compute;
      traffic += model.dispatchIsAllRemote ? previous.cost.compute : previous.cost.traffic;
    });
    return { compute, traffic, sync };
  }

  return {
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
