/** This toolkit's own way for jobs with pipelines and experts: dense layers are rerouted as in ReCycle, experts placed over the live nodes of their stage. */
import type { PlanCost } from "../cost/stepCost.ts";
import { Infeasible } from "../layout/infeasible.ts";
import { type ElasticPlan, elasticPlan } from "./elasticPlan.ts";
import type { Job, PlannedJob } from "./job.ts";
import { layoutIteration, microBatchesOf, shapeOf, trafficShare } from "./jobIteration.ts";
import type { LoadWindow } from "./loadSchedule.ts";
import { recycleTimes } from "./pipelineTimes.ts";
import { newPlans } from "./planBook.ts";
import { type ExpectedFailures, resilientPlanner } from "./planners.ts";
import { planTransfers } from "./planTransfers.ts";
import { type Seats, seatedNodes, stageSeats } from "./stageSeats.ts";
import type { Configuration, TrainingSystem } from "./trainingSystem.ts";

/** A stage's experts: `nodes[p]` plays part p of the plan. */
interface PlacedStage {
  readonly nodes: readonly number[];
  readonly plan: ElasticPlan;
}

interface HybridConfiguration extends Configuration {
  readonly seats: Seats;
  readonly stages: readonly PlacedStage[];
}

/**
 * Builds the system. All stages take as long as the slowest one; a worker's tokens of an expert may be any's of its stage, so that experts are placed and their
 * tokens dispatched as `resilient` does, on fewer nodes.
 * @throws Infeasible for a job without pipelines, or whose nodes serve several stages
 */
export function hybridSystem(job: PlannedJob, expected: ExpectedFailures): TrainingSystem {
  const { layout, shape } = shapeOf("hybrid", job);
  const { model, hardware } = job;
  const { data, pipeline: S } = layout;
  const { gpusPerNode } = hardware;
  if (shape.stageGpus % gpusPerNode !== 0 || model.layers < S) {
    throw new Infeasible(
      `hybrid places a stage's experts over its nodes: expected nodes that serve one stage each (--tp or --ep a multiple of ${gpusPerNode}) and at most ${model.layers} stages`,
    );
  }
  const seats = stageSeats(layout, shape);
  const times = recycleTimes(data, S, microBatchesOf(job, data));
  const stages = stagesOf(job, expected, S);

  function configure(next: Seats, placed: readonly PlacedStage[], transferSeconds: number): HybridConfiguration {
    const iteration = layoutIteration(job, layout, data, model.slotsPerNode / gpusPerNode, times(seats.failed(next)));
    return { nodes: seatedNodes(next), seats: next, stages: placed, iteration, cost: slowest(placed), transferSeconds };
  }

  function slowest(placed: readonly PlacedStage[]): (window: LoadWindow) => PlanCost {
    return (window) => {
      const costs = placed.map(({ plan, nodes }, s) => stages[s]!.costOf(plan, nodes.length, window));
      return {
        compute: Math.max(...costs.map(({ compute }) => compute)),
        traffic: Math.max(...costs.map(({ traffic }) => traffic)),
        sync: Math.max(...costs.map(({ sync }) => sync)),
      };
    };
  }

  const nodesOf = (next: Seats, s: number) => seatedNodes(next.filter((_, seat) => seats.workers[seat]![0]!.stage === s));

  function start(live: readonly number[], window: LoadWindow): HybridConfiguration | undefined {
    const next = seats.seat(live);
    const placed = stages.flatMap(({ planFor }, s): PlacedStage[] => {
      const nodes = nodesOf(next, s);
      const plan = planFor(nodes.length, window);
      return plan === undefined ? [] : [{ nodes, plan }];
    });
    return placed.length < S ? undefined : configure(next, placed, 0);
  }

  function follow(from: HybridConfiguration, live: readonly number[], window: LoadWindow): HybridConfiguration | undefined {
    const alive = new Set(live);
    const next = seats.fill(seats.keep(from.seats, live), live);
    let transferSeconds = 0;
    const placed: PlacedStage[] = [];
    for (const [s, { nodes, plan }] of from.stages.entries()) {
      const lives = nodes.map((node) => alive.has(node));
      const isWhole = plan.hosts().every((set) => set.some((place) => lives[place]));
      const now = nodesOf(next, s);
      const to = stages[s]!.planFor(now.length, window);
      if (!isWhole || to === undefined) return undefined;
      const lost = nodes.flatMap((_, part) => (lives[part] ? [] : [part]));
      const before = new Set(nodes);
      const joined = now.filter((node) => !before.has(node));
      const change = stages[s]!.transfers(plan, lost, joined.length, to);
      let newcomer = 0;
      placed.push({ plan: to, nodes: change.parts.map((part) => (part < 0 ? joined[newcomer++]! : nodes[part]!)) });
      transferSeconds = Math.max(transferSeconds, change.transferSeconds);
    }
    return configure(next, placed, transferSeconds);
  }

  return {
    name: "hybrid",
    start,
    survive: (current, live, window) => follow(current as HybridConfiguration, live, window),
    scaleUp(current, live, window) {
      const configuration = follow(current as HybridConfiguration, live, window);
      if (configuration === undefined || configuration.nodes.length <= current.nodes.length) return undefined;
      return { configuration, by: "reconfigure" };
    },
    rebalance(current, window) {
      const before = current as HybridConfiguration;
      const isKept = before.stages.every(({ nodes, plan }, s) => plan === stages[s]!.planFor(nodes.length, window));
      return isKept ? current : (follow(before, current.nodes, window) ?? current);
    },
  };
}

/** Plans and costs of each stage: its layers on its nodes. Stages with the very same loads share them. */
function stagesOf(job: PlannedJob, expected: ExpectedFailures, S: number) {
  const { model, loads } = job;
  const made: { readonly windows: readonly LoadWindow[]; readonly stage: ReturnType<typeof stageOf> }[] = [];
  return Array.from({ length: S }, (_, s) => {
    const [first, end] = [Math.floor((s * model.layers) / S), Math.floor(((s + 1) * model.layers) / S)];
    const windows = loads.windows.map((window) => ({ index: window.index, loads: window.loads.slice(first, end) }));
    const isSame = (other: readonly LoadWindow[]) =>
      other.every(
        ({ loads: layers }, w) =>
          layers.length === end - first && layers.every((layerLoads, l) => layerLoads === windows[w]!.loads[l]),
      );
    const twin = made.find((other) => isSame(other.windows));
    if (twin !== undefined) return twin.stage;
    const stage = stageOf(job, expected, windows, end - first, S);
    made.push({ windows, stage });
    return stage;
  });
}

function stageOf(job: PlannedJob, expected: ExpectedFailures, windows: readonly LoadWindow[], layers: number, S: number) {
  const { model, hardware } = job;
  const ofStage: Pick<Job, "model" | "hardware" | "gradientAccumulation"> = { ...job, model: { ...model, layers } };
  const planner = resilientPlanner(ofStage, { ...expected, secondsBetween: expected.secondsBetween * S });
  const plans = newPlans((nodes, window) => elasticPlan(planner, ofStage.model, hardware, nodes, windows[window.index]!));
  const fewest = Math.ceil(model.experts / model.slotsPerNode);
  return {
    planFor: (nodes: number, window: LoadWindow) => (nodes < fewest ? undefined : plans(nodes, window)),
    transfers: planTransfers(ofStage),
    /** In units of all layers, as if the other stages were like this one; gradients are those of its own. */
    costOf(plan: ElasticPlan, nodes: number, window: LoadWindow): PlanCost {
      const { compute, traffic, sync } = plan.cost(windows[window.index]!);
      const share = trafficShare(model, job, nodes * hardware.gpusPerNode);
      return { compute: (compute * model.layers) / layers, traffic: (share * traffic * model.layers) / layers, sync };
    },
  };
}
