/** Systems that place expert replicas freely (Lazarus, the toolkit's own placement, a plan of the user's) and use every live node. */
import type { PlanCost } from "../cost/stepCost.ts";
import type { ElasticPlan } from "./elasticPlan.ts";
import type { PlacedLayout } from "./jobIteration.ts";
import type { LoadWindow } from "./loadSchedule.ts";
import type { PlanBook } from "./planBook.ts";
import type { PlanTransfers } from "./planTransfers.ts";
import type { Configuration, TrainingSystem } from "./trainingSystem.ts";

/** An elastic system's parts. */
export interface ElasticOptions {
  readonly name: string;
  /** Fewest nodes that hold all experts. */
  readonly fewestNodes: number;
  readonly plans: PlanBook;
  /** Plan that the job starts with, on its number of nodes, instead of one for the loads known then. */
  readonly startPlan?: ElasticPlan | undefined;
  /** Counts what a change of plan moves; without it nodes play their parts in the order of their numbers. */
  readonly transfers?: PlanTransfers | undefined;
  /** Whether a rebalance to the same plan costs nothing, or stops the job all the same. */
  readonly skipsIdleRebalances: boolean;
  /** How the nodes fit into the job's layout, where it has one. */
  readonly layout: PlacedLayout | undefined;
}

/** `nodes[p]` plays part p of the plan. */
interface ElasticConfiguration extends Configuration {
  readonly plan: ElasticPlan;
}

/** A system that re-plans on every change of membership and when asked to follow the loads. */
export function elasticSystem({
  name,
  fewestNodes,
  plans,
  startPlan,
  transfers,
  skipsIdleRebalances,
  layout,
}: ElasticOptions): TrainingSystem {
  function configure(
    live: readonly number[],
    window: LoadWindow,
    plan = live.length < fewestNodes ? undefined : plans(live.length, window),
  ): ElasticConfiguration | undefined {
    if (plan === undefined) return undefined;
    if (layout === undefined) return { nodes: live, plan, cost: plan.cost };
    const share = layout.trafficShare(live.length);
    const cost = (known: LoadWindow): PlanCost => ({ ...plan.cost(known), traffic: share * plan.cost(known).traffic });
    return { nodes: live, plan, cost, iteration: layout.iteration(live.length) };
  }

  /** The same, from what the nodes hold. */
  function follow(from: ElasticConfiguration, live: readonly number[], window: LoadWindow): ElasticConfiguration | undefined {
    const next = configure(live, window);
    if (next === undefined || transfers === undefined) return next;
    const alive = new Set(live);
    const before = new Set(from.nodes);
    const lost = from.nodes.flatMap((node, part) => (alive.has(node) ? [] : [part]));
    const joined = live.filter((node) => !before.has(node));
    const { parts, transferSeconds } = transfers(from.plan, lost, joined.length, next.plan);
    let newcomer = 0;
    const nodes = parts.map((part) => (part < 0 ? joined[newcomer++]! : from.nodes[part]!));
    return { ...next, nodes, transferSeconds };
  }

  return {
    name,
    start: (live, window) => configure(live, window, live.length === startPlan?.nodes ? startPlan : undefined),
    survive(current, live, window) {
      const { nodes, plan } = current as ElasticConfiguration;
      const alive = new Set(live);
      const lives = nodes.map((node) => alive.has(node));
      const isWhole = plan.hosts().every((set) => set.some((place) => lives[place]));
      return isWhole ? follow(current as ElasticConfiguration, live, window) : undefined;
    },
    scaleUp(current, live, window) {
      if (live.length <= current.nodes.length) return undefined;
      const configuration = follow(current as ElasticConfiguration, live, window);
      return configuration && { configuration, by: "reconfigure" };
    },
    rebalance(current, window) {
      const { plan } = current as ElasticConfiguration;
      if (transfers !== undefined && plan === plans(current.nodes.length, window)) return current;
      const next = follow(current as ElasticConfiguration, current.nodes, window);
      const stays = next === undefined || (skipsIdleRebalances && next.plan === (current as ElasticConfiguration).plan);
      return stays ? current : next;
    },
  };
}
