/** Systems that place expert replicas freely (Lazarus, and the toolkit's own placement) and use every live node. */
import type { ElasticPlan } from "./elasticPlan.ts";
import type { LoadWindow } from "./loadSchedule.ts";
import type { PlanBook } from "./planBook.ts";
import type { Configuration, TrainingSystem } from "./trainingSystem.ts";

/** An elastic system's parts. */
export interface ElasticOptions {
  readonly name: string;
  /** Fewest nodes that hold all experts. */
  readonly fewestNodes: number;
  readonly plans: PlanBook;
  /** Whether a rebalance to the same plan costs nothing, or stops the job all the same. */
  readonly skipsIdleRebalances: boolean;
}

interface ElasticConfiguration extends Configuration {
  readonly plan: ElasticPlan;
}

/** A system that re-plans on every change of membership and when asked to follow the loads. */
export function elasticSystem({ name, fewestNodes, plans, skipsIdleRebalances }: ElasticOptions): TrainingSystem {
  function configure(live: readonly number[], window: LoadWindow): ElasticConfiguration | undefined {
    if (live.length < fewestNodes) return undefined;
    const plan = plans(live.length, window);
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
    rebalance(current, window) {
      const next = configure(current.nodes, window);
      const stays = next === undefined || (skipsIdleRebalances && next.plan === (current as ElasticConfiguration).plan);
      return stays ? current : next;
    },
  };
}
