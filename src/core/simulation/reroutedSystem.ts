/** Systems that keep the batch and train on with incomplete pipelines: ReCycle (arXiv 2405.14009) and Oobleck (arXiv 2309.08125). */
import { nodeBytesPerSecond } from "../cost/hardwareSpec.ts";
import { dispatchShare } from "../cost/layoutCost.ts";
import { modelSize } from "../cost/modelSize.ts";
import type { PlanCost } from "../cost/stepCost.ts";
import { Infeasible } from "../layout/infeasible.ts";
import type { PipelineWorker } from "../pipeline/pipelineJob.ts";
import { StagesLost } from "../pipeline/route.ts";
import { dealtImbalance } from "./expertGroups.ts";
import { type IteratedJob, layoutIteration, microBatchesOf, shapeOf } from "./jobIteration.ts";
import type { LoadWindow } from "./loadSchedule.ts";
import { oobleckTimes, recycleTimes } from "./pipelineTimes.ts";
import { type Seats, seatedNodes, stageSeats } from "./stageSeats.ts";
import type { Configuration, TrainingSystem } from "./trainingSystem.ts";

/** What tells the two apart. */
const kinds = {
  /** Peers take the micro-batches of a dead worker: nothing moves. */
  recycle: { times: recycleTimes, moves: () => 0 },
  /** A pipeline divides its layers anew among those it has left. */
  oobleck: { times: oobleckTimes, moves: mostFetchedStages },
} as const;

interface SeatedConfiguration extends Configuration {
  readonly seats: Seats;
}

/**
 * Builds the system. Its iterations are those of all pipelines of the layout, whoever does them.
 * @throws Infeasible for a job without pipelines, and where experts are spread over several of them: nobody can stand in for a worker whose
 *   experts he lacks
 */
export function reroutedSystem(name: keyof typeof kinds, job: IteratedJob): TrainingSystem {
  const { layout, shape } = shapeOf(name, job);
  if (layout.expert > layout.tensor) {
    throw new Infeasible(
      `${name} cannot serve expert-parallel layers: with experts spread over ${layout.expert} GPUs the peers of a dead worker lack its experts; simulate hybrid, or keep --ep within --tp`,
    );
  }
  const { model, hardware } = job;
  const seats = stageSeats(layout, shape);
  const { data, pipeline: stages, expert } = layout;
  const times = kinds[name].times(data, stages, microBatchesOf(job, data));
  const slotsPerGpu = model.experts / expert;
  const copies = (data * layout.tensor) / expert;
  const share = dispatchShare(model, hardware, shape);
  const size = modelSize(model);
  const expertsPerNode = (hardware.gpusPerNode * model.layers * slotsPerGpu) / stages;
  const sync = (expertsPerNode * (copies - 1)) / copies;
  const workerParameters = (size.total / stages) * model.stateBytesPerParameter;
  const stageSeconds = workerParameters / nodeBytesPerSecond(hardware);
  const costs = new Map<number, PlanCost>();

  function cost({ index, loads }: LoadWindow): PlanCost {
    let known = costs.get(index);
    if (known === undefined) {
      const compute = loads.reduce((sum, layer) => sum + dealtImbalance(layer, expert), 0);
      known = { compute, traffic: compute * share, sync };
      costs.set(index, known);
    }
    return known;
  }

  function configure(next: Seats, stagesMoved: number): SeatedConfiguration | undefined {
    try {
      const iteration = layoutIteration(job, layout, data, slotsPerGpu, times(seats.failed(next)));
      return { nodes: seatedNodes(next), seats: next, iteration, cost, transferSeconds: stagesMoved * stageSeconds };
    } catch (error) {
      if (error instanceof StagesLost) return undefined;
      throw error;
    }
  }

  /** Stages' worth of state that the busiest newcomer fetches. */
  const stagesPerNode = Math.max(...seats.workers.map((own) => new Set(own.map(({ stage }) => stage)).size));

  function follow(from: Seats, live: readonly number[]): SeatedConfiguration | undefined {
    const kept = seats.keep(from, live);
    if (!seats.isWhole(kept)) return undefined;
    const next = seats.fill(kept, live);
    const joined = next.some((node, seat) => node !== kept[seat]);
    return configure(next, Math.max(joined ? stagesPerNode : 0, kinds[name].moves(seats.failed(next), stages)));
  }

  return {
    name,
    start: (live) => configure(seats.seat(live), 0),
    survive: (current, live) => follow((current as SeatedConfiguration).seats, live),
    scaleUp(current, live) {
      const before = (current as SeatedConfiguration).nodes.length;
      const configuration = follow((current as SeatedConfiguration).seats, live);
      if (configuration === undefined || configuration.nodes.length <= before) return undefined;
      return { configuration, by: "reconfigure" };
    },
  };
}

/** Stages' worth of layers that the busiest worker of an incomplete pipeline fetches: what it does not have from its own stage. */
function mostFetchedStages(failed: readonly PipelineWorker[], stages: number): number {
  const lost = new Map<number, Set<number>>();
  for (const { pipeline, stage } of failed) lost.set(pipeline, (lost.get(pipeline) ?? new Set<number>()).add(stage));
  let most = 0;
  for (const dead of lost.values()) {
    const live = Array.from({ length: stages }, (_, stage) => stage).filter((stage) => !dead.has(stage));
    const length = stages / live.length;
    live.forEach((stage, i) => {
      const overlap = Math.min(stage + 1, (i + 1) * length) - Math.max(stage, i * length);
      most = Math.max(most, length - Math.max(0, overlap));
    });
  }
  return most;
}
